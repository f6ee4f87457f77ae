"""Reports with people for those who may not know who it is: over archives that are written here."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import pyarrow.parquet
import pytest

from local.backfill import settings_of
from local.in_memory import InMemoryBlobStore, Operation
from local.in_process import InProcessControl, in_process_graph
from shared.app import App
from shared.archive.hash_key import PseudonymKey
from shared.archive.layout import (
    ACCOUNTS,
    ERASED,
    PERSONAL,
    PERSONAL_DERIVED,
    PSEUDONYMS,
    Partition,
    SnapshotName,
    parse,
)
from shared.domain.call import Call
from shared.report.compression import compress, decompress
from shared.report.csv_records import records
from shared.report.pseudonymous import OTHER
from shared.settings import read
from shared.web.http import Response
from simulator.simulator import Simulator
from tests.asking import ask, ask_pseudonymous, code, value
from tests.integration.test_views import ADDRESS, KNOWN, NOW, TODAY, USERS, World, did, person
from tests.reliability.checks import ABOUT_ONE, findings
from tests.shelf import Shelf

TEAMS = Call("getTeamsUserActivityUserDetail", period="D30")
SITES = Call("getSharePointSiteUsageDetail", period="D30")
BEFORE = KNOWN - timedelta(days=7)
ACTIVE_PATH = "v1.0/reports/getOffice365ActiveUserDetail(period='D180')"


ALSO = ("Job Title", "Office Location", "Owner Principal Name", "Owner Display Name")
"""Columns of what is told of one person, besides those that name them."""


class Told(World):
    """A world that is asked for pseudonyms."""

    def __init__(self) -> None:
        super().__init__(with_products=False)
        self.read: list[str] = []
        """The personal snapshots that were read."""
        self.least = "5"
        self.shelf = Shelf(self._around)

    def _around(self, operation: Operation, carry_out: Callable[[], Any]) -> Any:
        if (operation.name, operation.container) == ("get", PERSONAL):
            self.read.append(operation.blob)
        return carry_out()

    def app(self) -> App:
        settings = read({"ARCHIVE_URL": "https://archive.blob.core.windows.net", "MIN_GROUP": self.least})
        return App(settings, lambda: NOW, store=self.shelf.memory)

    def told(self, path: str, headers: Mapping[str, str] | None = None, **query: str) -> Response:
        query = {name.rstrip("_"): text for name, text in query.items()}
        return ask_pseudonymous(self.app(), path, query, headers=headers)

    def rows(self, path: str, **query: str) -> list[dict[str, str]]:
        answer = self.told(path, None, **query)
        assert answer.status == 200, answer.body
        header, *rows = records(answer.body)
        return [dict(zip(header, row, strict=True)) for row in rows]

    def hashes(self, path: str, column: str = ADDRESS, **query: str) -> list[str]:
        return [row[column] for row in self.rows(path, **query)]


@pytest.fixture
def world() -> Told:
    return Told()


def renamed(world: Told) -> None:
    """Ann, who became Anna between two refresh dates, with Bob beside her."""
    world.users(person("ann"), person("bob"), day=BEFORE)
    world.users(person("ann", User_Principal_Name="anna@contoso.com"), person("bob"), day=KNOWN)
    world.active(did("ann", 1), did("bob", 2), day=BEFORE)
    world.active({**did("ann", 1), ADDRESS: "Anna@contoso.com"}, did("bob", 2))


def test_the_series_of_one_person_joins_before_and_after_a_rename(world: Told) -> None:
    renamed(world)
    assert len({*world.hashes(f"{ACTIVE_PATH}/series")}) == 2
    by_day = {row["Report Refresh Date"]: row for row in world.rows(f"{ACTIVE_PATH}/series")}
    assert [*by_day] == [str(BEFORE), str(KNOWN)]


def test_one_person_is_the_same_in_all_reports(world: Told) -> None:
    renamed(world)
    teams = {"User Id": "ANN", ADDRESS: "anna@contoso.com", "Call Count": "7"}
    world.put(TEAMS, KNOWN, teams)
    world.put(SITES, KNOWN, {"Site Id": "5", "Owner Principal Name": "anna@contoso.com ", "File Count": "3"})
    (row,) = world.rows("v1.0/reports/getTeamsUserActivityUserDetail(period='D30')")
    (site,) = world.rows("v1.0/reports/getSharePointSiteUsageDetail(period='D30')")
    assert row["User Id"] == row[ADDRESS] == site["Owner Principal Name"]
    assert row[ADDRESS] in world.hashes(ACTIVE_PATH)
    assert row[ADDRESS] in world.hashes("v1.0/users", "User Id")
    assert (row["Call Count"], site["File Count"]) == ("7", "3")
    assert site["Site Id"] not in ("", "5")


def test_an_address_that_is_given_again_is_another_person(world: Told) -> None:
    world.users(person("ann"), day=BEFORE)
    world.users(person("new", User_Principal_Name="ann@contoso.com", Created_Date_Time=f"{KNOWN}T00:00:00Z"), day=KNOWN)
    world.active(did("ann", 1), day=BEFORE)
    deleted = {**did("ann", 9, service="OneDrive"), "Is Deleted": "True", "Deleted Date": str(KNOWN)}
    world.active(did("ann", 1), deleted)
    (then,) = world.hashes(ACTIVE_PATH, refreshDate=str(BEFORE))
    now = world.rows(ACTIVE_PATH)
    assert {row["Is Deleted"]: row[ADDRESS] == then for row in now} == {"False": False, "True": True}


def test_who_had_an_address_before_the_directory_was_archived_is_not_who_came_later(world: Told) -> None:
    world.users(person("new", User_Principal_Name="ann@contoso.com", Created_Date_Time=f"{KNOWN}T00:00:00Z"), day=KNOWN)
    world.active(did("ann", 1), day=BEFORE)
    world.active(did("ann", 1))
    assert len({*world.hashes(f"{ACTIVE_PATH}/series")}) == 2


def test_who_left_the_directory_keeps_the_hash(world: Told) -> None:
    world.users(person("ann"), person("bob"), day=BEFORE)
    world.users(person("bob"), day=KNOWN)
    world.active(did("ann", 1), day=BEFORE)
    world.active({**did("ann", 8), "Is Deleted": "True", "Deleted Date": str(BEFORE + timedelta(days=2))})
    assert len({*world.hashes(f"{ACTIVE_PATH}/series")}) == 1


def test_a_day_of_the_directory_that_is_missing_or_damaged_parts_nobody(world: Told) -> None:
    middle = BEFORE + timedelta(days=3)
    renamed(world)
    world.users(person("ann"), person("bob"), day=middle)
    (damaged,) = [at for at in world.shelf.memory.blobs if f"report=users/period=none/refresh_date={middle}" in at[1]]
    world.shelf.memory.put(*damaged, b"no gzip", world.shelf.memory.blobs[damaged].metadata)
    world.active(did("ann", 1), did("bob", 2), day=middle)
    assert len({*world.hashes(f"{ACTIVE_PATH}/series")}) == 2


def test_without_the_directory_an_address_has_its_own_hash(world: Told) -> None:
    world.active(did("ann", 1), day=BEFORE)
    world.active({**did("ann", 1), ADDRESS: " ANN@contoso.com"}, did("anna", 1))
    world.put(TEAMS, KNOWN, {"User Id": "guid", ADDRESS: "ann@contoso.com"})
    series = world.rows(f"{ACTIVE_PATH}/series")
    assert len(series) == 3
    assert len({row[ADDRESS] for row in series}) == 2
    assert world.hashes("v1.0/reports/getTeamsUserActivityUserDetail(period='D30')")[0] in world.hashes(ACTIVE_PATH)


def test_the_directory_is_read_once_and_only_its_new_days_later(world: Told) -> None:
    renamed(world)
    world.hashes(ACTIVE_PATH)
    world.users(person("ann", User_Principal_Name="anna@contoso.com"), day=TODAY)
    world.read.clear()
    world.hashes(ACTIVE_PATH)
    read = [name for name in world.read if name.startswith("report=users")]
    assert [parse(name) for name in read] == [SnapshotName(Partition.of(USERS), TODAY, 1)]


def test_days_of_the_directory_that_expired_are_forgotten(world: Told) -> None:
    renamed(world)
    world.hashes(ACTIVE_PATH)
    (expired,) = [at for at in world.shelf.memory.blobs if f"report=users/period=none/refresh_date={BEFORE}" in at[1]]
    world.shelf.memory.delete(*expired)
    world.users(person("ann", User_Principal_Name="anna@contoso.com"), person("bob"))
    assert len({*world.hashes(f"{ACTIVE_PATH}/series")}) == 3
    kept = world.shelf.memory.blobs[PERSONAL_DERIVED, ACCOUNTS].content
    assert str(BEFORE) not in decompress(kept).decode()


def test_a_day_of_the_directory_that_comes_late_counts_as_of_its_day(world: Told) -> None:
    world.users(person("bob", User_Principal_Name="it@contoso.com"), day=KNOWN)
    for day in (BEFORE, KNOWN):
        world.active(did("it", 1), day=day)
    assert len({*world.hashes(f"{ACTIVE_PATH}/series")}) == 1
    tag = world.told(ACTIVE_PATH, refreshDate=str(BEFORE)).headers["ETag"]
    world.users(person("ann", User_Principal_Name="it@contoso.com"), day=BEFORE)
    assert len({*world.hashes(f"{ACTIVE_PATH}/series")}) == 2
    assert world.told(ACTIVE_PATH, {"if-none-match": tag}, refreshDate=str(BEFORE)).status == 200


def test_what_is_kept_of_the_directory_names_nobody_and_is_made_again_when_it_is_damaged(world: Told) -> None:
    renamed(world)
    before = world.hashes(f"{ACTIVE_PATH}/series")
    at = PERSONAL_DERIVED, ACCOUNTS
    assert not re.search("ann|bob|contoso", decompress(world.shelf.memory.blobs[at].content).decode())
    assert not [each for each in findings(world.shelf.memory.blobs, NOW) if each.container == PERSONAL_DERIVED]
    for content in (b"", b"no gzip", compress(b"[]"), compress(b'{"key": 1}')):
        world.shelf.memory.put(*at, content, {})
        assert world.hashes(f"{ACTIVE_PATH}/series") == before


def test_another_key_gives_other_hashes_for_everybody_at_once(world: Told) -> None:
    renamed(world)
    before, etag = world.hashes(f"{ACTIVE_PATH}/series"), world.told(ACTIVE_PATH).headers["ETag"]
    PseudonymKey(world.shelf.memory).rotate(NOW)
    after = world.hashes(f"{ACTIVE_PATH}/series")
    assert {*before}.isdisjoint(after)
    assert len({*after}) == 2
    assert world.told(ACTIVE_PATH, {"if-none-match": etag}).status == 200


def test_without_its_key_nothing_is_told(world: Told) -> None:
    renamed(world)
    world.shelf.memory.put(ERASED, PSEUDONYMS, b"no key", {})
    answer = world.told(ACTIVE_PATH)
    assert (answer.status, code(answer)) == (503, "archive_unavailable")


SEVEN = [f"p{number}" for number in range(7)]


def crowd(world: Told) -> None:
    """Seven people, of whom two are in Law, and Ann, whom everything names."""
    ann = person("ann", Display_Name="Ann Kanarie", Job_Title="Chief Canary", Office_Location="Cage 7")
    world.users(ann, *(person(each, Department="Law" if each < "p2" else "Sales") for each in SEVEN), day=KNOWN)
    owner = {"Site Id": "site-of-kanarie", "Site URL": "https://contoso-my.sharepoint.com/personal/ann_contoso_com"}
    world.put(SITES, KNOWN, {**owner, "Owner Display Name": "Ann Kanarie", "Owner Principal Name": "ann@contoso.com"})
    world.put(TEAMS, KNOWN, {"User Id": "ann", ADDRESS: "ann@contoso.com", "Call Count": "7"})
    world.active({**did("ann", 1), "Display Name": "Ann Kanarie"}, *(did(each, 2) for each in SEVEN))


PATHS = (
    "v1.0/users",
    ACTIVE_PATH,
    "v1.0/reports/getSharePointSiteUsageDetail(period='D30')",
    "beta/reports/getTeamsUserActivityUserDetail(period='D30')",
)
OF_SERIES = ("csv", "json", "excel", "svg", "parquet")


def test_nobody_is_named_in_any_form_and_no_digest_is_that_of_what_graph_sent(world: Told) -> None:
    crowd(world)
    forms = [(path, form) for path in PATHS for form in ("csv", "json", "excel")]
    forms += [(f"{path}/series", form) for path in PATHS for form in OF_SERIES]
    forms += [(f"{path}/snapshots", form) for path in PATHS for form in ("csv", "json", "link")]
    sent = {hashlib.sha256(ask(world.app(), path, personal=True).body).hexdigest() for path in PATHS}
    for path, form in forms:
        answer = world.told(path, format=form)
        if (answer.status, form) == (406, "json"):
            continue  # what Graph's JSON is like is not known
        assert answer.status == 200, (path, form, answer.body)
        text = repr(sorted(answer.headers.items())) + text_of(answer, form)
        assert not re.search("kanarie|contoso|canary|cage 7", text, re.IGNORECASE), (path, form)
        assert not any(each in text for each in sent)
        assert answer.headers["Cache-Control"] == "private, no-store"


def text_of(answer: Response, form: str) -> str:
    if form == "parquet":
        table = pyarrow.parquet.read_table(io.BytesIO(answer.body))
        return f"{table.to_pylist()} {table.schema.metadata}" + answer.body.decode("latin-1")
    return answer.body.decode()


def test_a_department_of_too_few_is_not_told_and_the_setting_says_how_many_that_is(world: Told) -> None:
    crowd(world)
    assert {row["Department"] for row in world.rows("v1.0/users")} == {OTHER}
    world.least = "3"
    assert {row["Department"] for row in world.rows("v1.0/users")} == {OTHER}
    world.users(*(person(each, Department="Law" if each < "p3" else "Sales") for each in SEVEN))
    assert {row["Department"] for row in world.rows("v1.0/users")} == {"Law", "Sales"}


def test_conditions_and_ranges_are_of_what_is_told(world: Told) -> None:
    crowd(world)
    answer = world.told(ACTIVE_PATH)
    etag = answer.headers["ETag"]
    assert etag.strip('"') != hashlib.sha256(ask(world.app(), ACTIVE_PATH, personal=True).body).hexdigest()
    assert world.told(ACTIVE_PATH, {"if-none-match": etag}).status == 304
    part = world.told(ACTIVE_PATH, {"range": "bytes=3-9"})
    assert (part.status, part.body) == (206, answer.body[3:10])
    assert part.headers["Content-Range"] == f"bytes 3-9/{len(answer.body)}"
    packed = world.told(ACTIVE_PATH, {"accept-encoding": "gzip"})
    assert decompress(packed.body) == answer.body
    assert "Last-Modified" not in answer.headers  # who is who may be known better later
    digest = base64.b64encode(hashlib.sha256(answer.body).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_links_lead_to_the_same_place(world: Told) -> None:
    crowd(world)
    answer = world.told(ACTIVE_PATH)
    assert answer.headers["Content-Location"].startswith("/api/pseudonymous/v1.0/reports/")
    assert value(world.told(f"{ACTIVE_PATH}/snapshots"))[0]["url"].startswith("/api/pseudonymous/")


def test_the_list_has_the_reports_with_people_alone(world: Told) -> None:
    crowd(world)
    listed = value(world.told("v1.0/reports"))
    assert all(each["personal"] for each in listed)
    assert {"getOffice365ActiveUserDetail", "users"} <= {each["name"] for each in listed}


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("v1.0/reports/getOffice365ActiveUserCounts(period='D7')", "unknown_report"),
        ("v1.0/subscribedSkus", "unknown_report"),
        ("v1.0/idle", "unknown_path"),
        ("v1.0/people/ann", "unknown_path"),
        ("v1.0/restatements", "unknown_path"),
        (f"../personal/{ACTIVE_PATH}", "unknown_path"),
    ],
)
def test_nothing_else_is_there(world: Told, path: str, error: str) -> None:
    crowd(world)
    answer = world.told(path)
    assert (answer.status, code(answer)) == (404, error)


def test_who_may_read_everything_cannot_ask_for_less_nor_who_reads_hashes_for_more(world: Told) -> None:
    crowd(world)
    assert ask(world.app(), ACTIVE_PATH, {"pseudonymous": "1"}, personal=True).status == 400
    assert world.told(ACTIVE_PATH, personal="1").status == 400


@pytest.mark.long
def test_nobody_of_a_tenant_of_25_people_is_named_in_any_answer() -> None:
    simulator = Simulator(users=25)
    control, store = InProcessControl(simulator), InMemoryBlobStore()
    control.grant()
    control.set_time(NOW)
    settings = read(settings_of(simulator) | {"REPORTS": "personal, directory"})
    graph = in_process_graph(simulator, control.sleep)
    app = App(settings, lambda: NOW, store=store, graph=graph, sleep=control.sleep, keep_derived=False)
    app.pull()
    simulator.stop()
    named = canaries(kept.content for (container, _), kept in store.blobs.items() if container == PERSONAL)
    assert len(named) > 100
    calls = [call for report in value(ask_pseudonymous(app, "v1.0/reports")) for call in report["calls"]]
    assert len({call["call"].partition("(")[0] for call in calls}) > 20
    for call in calls:
        path = call["url"].removeprefix("/api/pseudonymous/")
        forms = [(path, form) for form in ("csv", "json", "excel")]
        forms += [(f"{path}/series", form) for form in OF_SERIES]
        for asked, form in forms:
            answer = ask_pseudonymous(app, asked, {"format": form})
            if answer.status == 406:
                continue
            assert answer.status == 200, answer.body
            text = f"{answer.headers} {text_of(answer, form)}".casefold()
            assert not [each for each in named if each in text], asked


def canaries(contents: Iterable[bytes]) -> set[str]:
    """All that names somebody or something in these snapshots, in lower case."""
    named = set[str]()
    for content in contents:
        header, *rows = records(decompress(content))
        places = [place for place, name in enumerate(header) if ABOUT_ONE.search(name) or name in ALSO]
        named |= {row[place].casefold() for row in rows for place in places}
    return {each for each in named if len(each) > 8}  # an engineer is part of engineering
