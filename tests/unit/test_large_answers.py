"""Answers that one process can hardly hold: refused before anything of them is made, with what fits instead."""

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared.app import App
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call
from shared.settings import read
from shared.web.http import Response
from shared.web.representation import LARGEST
from tests.asking import ask
from tests.shelf import Shelf, lines, snapshot

REPORT = "getOffice365ActiveUserDetail"
CALL = Call(REPORT, period="D7")
PATH = f"v1.0/reports/{CALL}"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = date(2026, 11, 1)
HEADER = "Report Refresh Date,User Principal Name,Is Deleted,Exchange Last Activity Date,Report Period"


class Served:
    """An app over storage in memory, with a snapshot of people a day that is said to have so many bytes and rows."""

    def __init__(self, days: int = 20, **said: Any) -> None:
        self.shelf = Shelf()
        self.days = [self._put(DAY + timedelta(number), said) for number in range(days)]
        settings = read({"ARCHIVE_URL": "https://nowhere.invalid"})
        self._app = App(settings, lambda: NOW, store=self.shelf.memory)

    def _put(self, day: date, said: Mapping[str, Any]) -> Snapshot:
        body = lines(HEADER, f"{day},a@x.example,False,{day},7", f"{day},b@x.example,True,,7")
        of_day = snapshot(CALL, day, body)
        of_day = of_day._replace(metadata=of_day.metadata._replace(**said))
        self.shelf.put(of_day, body)
        return of_day

    def get(self, view: str = "", headers: Mapping[str, str] | None = None, **query: str) -> Response:
        return ask(self._app, PATH + view, query, personal=True, headers=headers or {})


def refused(response: Response) -> dict[str, Any]:
    assert response.status == 413
    problem: dict[str, Any] = json.loads(response.body)
    return problem


def test_json_of_people_is_refused_before_it_is_made() -> None:
    problem = refused(Served(size=LARGEST // 20, rows=100_000).get("/series", format="json"))
    assert (problem["every"], problem["format"]) == ("week", "csv")
    assert "Accept-Encoding: gzip, or with every=week, or with format=csv" in problem["detail"]


def test_json_of_a_snapshot_is_refused_before_it_is_made() -> None:
    problem = refused(Served(days=1, size=LARGEST // 2, rows=2_000_000).get(format="json"))
    assert problem["format"] == "csv"
    assert "Accept-Encoding: gzip, or with format=csv" in problem["detail"]


def test_as_gzip_the_same_json_is_sent() -> None:
    gzipped = {"accept-encoding": "gzip"}
    response = Served(rows=100_000_000).get("/series", gzipped, format="json")
    assert response.status == 200
    assert len(json.loads(gzip.decompress(response.body))["value"]) == 40


@pytest.mark.parametrize("form", ["csv", "json", "excel", "svg"])
def test_a_series_of_people_is_the_same_in_both_codings(form: str) -> None:
    served = Served()
    plain, packed = (served.get("/series", {"accept-encoding": each}, format=form) for each in ("identity", "gzip"))
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["ETag"] == f'{plain.headers["ETag"][:-1]}-gzip"'


@pytest.mark.parametrize("form", ["csv", "json", "excel", "svg"])
def test_a_condition_on_a_series_of_people_reads_no_body(form: str) -> None:
    served = Served(gzip_sha256="0" * 64)  # so that reading one would be an error
    assert served.get("/series", format=form).status == 502
    tag = Served().get("/series", format=form).headers["ETag"]
    assert served.get("/series", {"if-none-match": tag}, format=form).status == 304


@pytest.mark.parametrize("other", [{"format": "json"}, {"bom": "1"}, {"every": "week"}, {"asOf": "2026-11-10"}])
def test_another_series_of_people_has_another_tag(other: Any) -> None:
    served = Served()
    assert served.get("/series").headers["ETag"] != served.get("/series", **other).headers["ETag"]
