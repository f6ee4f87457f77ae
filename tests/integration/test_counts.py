"""What a run and a read may cost, written down: requests to Graph, operations on storage, and their bytes.

Each of them is paid for, and waited for: more is a reason to look twice, fewer is one to write down fewer.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from azure.storage.blob import BlobServiceClient

from bench.counts import Meter, Traffic
from bench.parts import bodies, days, fill
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.blob_store import StoredBlob
from shared.identity import ManagedIdentity
from shared.settings import read
from shared.web.http import Request, Response
from tests.asking import ask

SERVICES = "getOffice365ServicesUserCounts(period='D7')"
COUNTS = "getOffice365ActiveUserCounts(period='D30')"
DETAIL = "getOffice365ActiveUserDetail(period='D7')"
EVENING = datetime(2026, 6, 13, 23, 59, tzinfo=UTC)
PATH = f"v1.0/reports/{SERVICES}"
OLD = "getOffice365ServicesUserCounts(period='D30')"
OLDER = f"v1.0/reports/{OLD}"


class Written(NamedTuple):
    """What is written down."""

    graph: int
    storage: str
    sent: float = 0
    """KB of 1,000 bytes of bodies."""
    received: float = 0

    def allows(self, traffic: Traffic) -> bool:
        """Whether it is at most that; bytes to a tenth, as the service's XML is not always as long."""
        most = {name: int(number) for number, name in (each.split(" ") for each in self.storage.split(", ") if each)}
        sizes = ((traffic.sent, self.sent), (traffic.received, self.received))
        return (
            traffic.graph <= self.graph
            and all(number <= most.get(name, 0) for name, number in traffic.storage.items())
            and all(size / 1000 <= 1.1 * written for size, written in sizes)
        )


RUNS = {
    "three calls with a newer refresh date": Written(3, "13 get, 10 list, 16 put_blob", 28, 42),
    "the same calls read again on another day, with nothing new": Written(3, "8 get, 12 list, 3 put_blob", 2.9, 52),
    "the same calls answered with 304": Written(3, "5 get, 4 list, 3 put_blob", 3.1, 22),
}
READS: Mapping[str, tuple[Callable[[App, str], Response], Written]] = {
    "the newest": (lambda app, etag: ask(app, PATH), Written(0, "1 get, 1 list", 0, 5)),
    "the newest of many days": (lambda app, etag: ask(app, OLDER), Written(0, "1 get, 1 list", 0, 7)),
    "the newest, which is known": (
        lambda app, etag: ask(app, PATH, headers={"if-none-match": etag}),
        Written(0, "1 list", 0, 5.3),
    ),
    "the head of the newest": (lambda app, etag: ask(app, PATH, method="HEAD"), Written(0, "1 list", 0, 5.3)),
    "a refresh date": (
        lambda app, etag: ask(app, PATH, {"refreshDate": "2026-06-12"}),
        Written(0, "1 get, 1 list", 0, 2),
    ),
    "a revision": (
        lambda app, etag: ask(app, PATH, {"refreshDate": "2026-06-12", "revision": "1"}),
        Written(0, "1 get, 1 list", 0, 2),
    ),
    "what was known at a time": (
        lambda app, etag: ask(app, OLDER, {"asOf": "2026-06-10"}),
        Written(0, "1 get, 1 list", 0, 21),
    ),
    "a day that is not there": (
        lambda app, etag: ask(app, PATH, {"refreshDate": "2026-06-01"}),
        Written(0, "2 list", 0, 1.2),
    ),
    "the newest for Excel": (lambda app, etag: ask(app, PATH, {"format": "excel"}), Written(0, "1 get, 1 list", 0, 5)),
    "the newest as JSON": (lambda app, etag: ask(app, PATH, {"format": "json"}), Written(0, "1 get, 1 list", 0, 5)),
    "the newest with personal data": (
        lambda app, etag: ask(app, f"v1.0/reports/{DETAIL}", personal=True),
        Written(0, "1 get, 1 list", 0, 7.3),
    ),
    "the series": (lambda app, etag: ask(app, f"{PATH}/series"), Written(0, "1 get, 2 list", 0, 5.7)),
    "the chart": (lambda app, etag: ask(app, f"{PATH}/series", {"format": "svg"}), Written(0, "1 get, 2 list", 0, 5.5)),
    "the series that was known at a time": (
        lambda app, etag: ask(app, f"{PATH}/series", {"asOf": "2026-06-14"}),
        Written(0, "2 get, 1 list", 0, 5.7),
    ),
    "the series with personal data": (
        lambda app, etag: ask(app, f"v1.0/reports/{DETAIL}/series", personal=True),
        Written(0, "4 get, 3 list", 0, 17),
    ),
    "the snapshots": (lambda app, etag: ask(app, f"{PATH}/snapshots"), Written(0, "1 list", 0, 5.3)),
    "the reports": (lambda app, etag: ask(app, "v1.0/reports"), Written(0, "2 get, 1 list", 0, 6.6)),
    "the health": (lambda app, etag: app.api.health(), Written(0, "1 get, 1 list", 0, 6.3)),
    "the status": (
        lambda app, etag: app.api.status(Request("GET", "status", {}, {})),
        Written(0, "2 get, 1 list", 0, 6.6),
    ),
}


class Measured(NamedTuple):
    """The meter, what each of `RUNS` cost, and the ETag of the newest snapshot."""

    meter: Meter
    runs: Mapping[str, Traffic]
    control: Control
    etag: str

    def app(self) -> App:
        return App(read(self.meter.settings), clock=self.control.now, sleep=self.control.sleep)


@pytest.fixture(scope="module")
def measured(stack: Stack, blobs: BlobServiceClient) -> Iterator[Measured]:
    """An archive of three days, and of forty of a call that is no longer pulled."""
    control = Control(stack.control)
    with Meter(stack.settings | {"REPORTS": f"{SERVICES}, {COUNTS}, {DETAIL}"}, control) as meter:
        app = App(read(meter.settings), clock=control.now, sleep=control.sleep)
        costs = []
        for hours in (0, 24, 48, 48.5, 49):
            control.set_time(EVENING + timedelta(hours=hours))
            costs.append(meter.of(app.pull_run.execute))
        runs = dict(zip(RUNS, costs[2:], strict=True))
        newest = EVENING.date()
        ((_, body),) = bodies(OLD, [newest])
        fill(blobs, OLD, ((day, body) for day in days(40, newest)))
        yield Measured(meter, runs, control, ask(app, PATH).headers["ETag"])


@pytest.mark.parametrize("name", RUNS)
def test_a_run_costs_what_is_written_down(measured: Measured, name: str) -> None:
    assert RUNS[name].allows(measured.runs[name]), measured.runs[name]


@pytest.mark.parametrize("name", READS)
def test_a_read_costs_what_is_written_down(measured: Measured, name: str) -> None:
    act, written = READS[name]
    app = measured.app()
    traffic = measured.meter.of(lambda: act(app, measured.etag))
    assert written.allows(traffic), traffic


def test_the_status_costs_nothing_for_half_a_minute(measured: Measured) -> None:
    app = measured.app()
    app.api.status(Request("GET", "status", {}, {}))
    assert measured.meter.of(lambda: app.api.status(Request("GET", "status", {}, {}))).operations == ""


def test_the_newest_is_looked_for_once_in_half_a_minute(measured: Measured) -> None:
    app, known = measured.app(), {"if-none-match": measured.etag}
    ask(app, PATH)
    assert measured.meter.of(lambda: ask(app, PATH)).operations == ""
    assert measured.meter.of(lambda: ask(app, PATH, headers=known)).operations == ""
    measured.control.sleep(30)
    assert measured.meter.of(lambda: ask(app, PATH, headers=known)).operations == "1 list"


class Chatty(AzureBlobStore):
    """A store that looks once more before it reads a blob."""

    def get(self, container: str, name: str, start: int = 0, length: int | None = None) -> StoredBlob | None:
        super().get(container, "is there anything else?")
        return super().get(container, name, start, length)


def test_one_operation_more_in_a_read_is_noticed(measured: Measured) -> None:
    settings = read(measured.meter.settings)
    store = Chatty(settings.archive_url, ManagedIdentity(), settings.archive_ca)
    app = App(settings, store=store, clock=measured.control.now, sleep=measured.control.sleep)
    _, written = READS["the newest"]
    packed = {"accept-encoding": "gzip"}
    assert not written.allows(measured.meter.of(lambda: ask(app, PATH, headers=packed)))
