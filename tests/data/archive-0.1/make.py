"""Makes "an archive written by version 0.1" for the tests of later versions, with the unchanged code of 0.1.

    cd CHECKOUT_OF_0.1 && .local/venv/bin/python make.py FOLDER

It lets a tenant of six people live for some weeks of 2026, puts some blobs of strangers beside the archive, and asks
the app everything that can be asked. Into FOLDER go

    archive-0.1.zip   CONTAINER/NAME -> the bytes of each blob; metadata.json and md5.json, by CONTAINER/NAME
    answers.json      what the app answers over this archive, at CLOCK
    findings.json     what `verify` finds in it, at CLOCK

All chance is tied to what is asked and when (see `no_chance`), so the same files come out every time.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import logging
import os
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import NAMESPACE_URL, UUID, uuid5

if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets shows in what a run notes as lost
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
sys.path.insert(0, os.getcwd())

from local.memory import Kept
from local.worlds import CONTAINERS, InProcess
from shared.call import Call
from shared.catalogue import catalogue
from shared.reply import Request, answer
from shared.runs import Run
from shared.snapshot import blob_name
from shared.verify import everything, verify

from shared import __version__
from shared.app import App

CLOCK = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
"""When the answers and the findings are asked for."""
USERS = 6

MAILBOX = "getMailboxUsageDetail"
COPILOT = "getMicrosoft365CopilotUserCountTrend"
ACTIVATIONS = "getOffice365ActivationsUserCounts"
COUNTS = "getOffice365ActiveUserCounts"
DETAIL = "getOffice365ActiveUserDetail"
SERVICES = "getOffice365ServicesUserCounts"

FIRST = ACTIVATIONS
"""The setting REPORTS in October ..."""
REPORTS = ", ".join(
    [
        f"{MAILBOX}(period='D7')",
        f"{COPILOT}(period='D7',version='v2')",
        ACTIVATIONS,
        f"{COUNTS}(period='D7')",
        f"{COUNTS}(period='D30')",
        DETAIL,  # with its single days
        *(f"-{DETAIL}(period='{period}')" for period in ("D30", "D90", "D180")),
        f"{SERVICES}(period='D7')",
    ]
)
"""... in November, and at CLOCK."""

Blobs = Mapping[tuple[str, str], Kept]


# What happens.


class Trouble(NamedTuple):
    """A fault of the simulated Graph, at every request for a call from one time on and before another."""

    first: str
    end: str
    fault: str
    call: str
    args: Mapping[str, Any] = {}


OCTOBER = [f"2026-10-{day} 07:15:00" for day in range(19, 32)]
NOVEMBER = [
    "2026-11-01 19:15:00",
    "2026-11-02 07:15:00.250000",
    "2026-11-02 19:15:00.000001",
    "2026-11-03 00:15:00",  # after midnight every call is read anew, changed or not
    "2026-11-03 07:15:00",
    "2026-11-03 19:15:00",
    "2026-11-04 07:15:00",
    "2026-11-04 19:15:00",
    "2026-11-05 00:15:00",
    "2026-11-05 07:15:00",
    "2026-11-05 19:15:00",
    # an outage of three days
    "2026-11-08 19:15:00",
    "2026-11-09 07:15:00.999999",
    "2026-11-09 19:15:00",
    "2026-11-10 07:15:00",
    "2026-11-10 19:15:00",
    "2026-11-11 00:15:00",
    "2026-11-11 07:15:00",
    "2026-11-11 19:15:00",
    "2026-11-12 07:15:00.123456",
]
"""When runs begin, in UTC."""

_HTML = "<!DOCTYPE html><html><body>Sign in</body></html>"
TROUBLE = [
    # Bytes that are unusual, and archived as they are.
    Trouble("2026-10-21", "2026-10-22", "crlf", ACTIVATIONS),
    Trouble("2026-10-22", "2026-10-23", "two_boms", ACTIVATIONS),
    Trouble("2026-10-23", "2026-10-24", "no_bom", ACTIVATIONS),
    Trouble("2026-10-26", "2026-10-27", "no_final_newline", ACTIVATIONS),
    Trouble("2026-10-27", "2026-10-28", "blank_lines", ACTIVATIONS),
    Trouble("2026-11-01", "2026-11-02", "odd_cell", f"{DETAIL}(period='D7')"),
    Trouble("2026-11-04 19", "2026-11-05", "date_form", f"{SERVICES}(*"),
    # Two single days that never come sane, until they are out of reach: quarantined, then lost. One is refused.
    Trouble("2026-11-01", "2026-11-05", "date_blank", f"{DETAIL}(date=2026-10-05)"),
    Trouble("2026-11-01", "2026-11-06", "two_dates", f"{DETAIL}(date=2026-10-08)"),
    Trouble("2026-11-01", "2027", "redirect", f"{DETAIL}(date=2026-10-22)", {"location": "https://example.com/data/x"}),
    # Only another order of rows: a revision, flagged as reordered.
    Trouble("2026-11-03 00", "2026-11-03 07", "rows_reordered", f"{COUNTS}(period='D30')"),
    Trouble("2026-11-11 00", "2026-11-11 07", "rows_reordered", f"{MAILBOX}(*"),
    # A page in place of a report: quarantined.
    Trouble("2026-11-04 07", "2026-11-04 19", "page", f"{COUNTS}(period='D7')", {"text": _HTML}),
    # Refused, and granted again.
    Trouble("2026-11-04 07", "2026-11-04 19", "no_permission", f"{MAILBOX}(*"),
    # Other columns from some day on: schema_changed.
    Trouble("2026-11-05 07", "2027", "column_added", f"{COUNTS}(*", {"name": "Viva Engage", "at": 6, "text": "1"}),
    Trouble("2026-11-10", "2027", "column_renamed", f"{SERVICES}(*"),
    Trouble("2026-11-09", "2026-11-10", "column_blank", f"{MAILBOX}(*", {"column": "Last Activity Date"}),
    # Names: readable, concealed, mixed, readable.
    Trouble("2026-11-08", "2026-11-10", "concealed", f"{DETAIL}(*"),
    Trouble("2026-11-10", "2026-11-11", "concealed", f"{DETAIL}(*", {"share": 0.5}),
    # An older refresh date after a newer one, and then some that Microsoft skips while the archive watches.
    Trouble("2026-11-09", "2026-11-10 12", "shifted", ACTIVATIONS, {"days": -1.0}),
    Trouble("2026-11-10 12", "2026-11-11 12", "shifted", ACTIVATIONS, {"days": -2.0}),
    # Bodies that have less, or more, than they should.
    Trouble("2026-11-10", "2026-11-11", "shrunk", f"{MAILBOX}(*"),
    Trouble("2026-11-11 07", "2026-11-12", "rows_repeated", f"{MAILBOX}(*"),
    Trouble("2026-11-11 07", "2026-11-12", "ragged", f"{COPILOT}(*", {"row": 2, "cells": 1}),
    # How the newest run ends.
    Trouble("2026-11-12", "2027", "unknown_segment", f"{COPILOT}(*"),
    Trouble("2026-11-12", "2027", "throttled", f"{COUNTS}(*", {"retry_after": "86400"}),
    Trouble("2026-11-12", "2027", "unknown_tenant", f"{MAILBOX}(*"),
]

RESTATED = {
    "2026-11-03 00:15:00": [(SERVICES, "2026-10-31", 3)],
    "2026-11-05 00:15:00": [(SERVICES, "2026-11-02", 3), (DETAIL, "2026-10-30", 3), (DETAIL, "2026-11-02", 5)],
    "2026-11-11 00:15:00": [(DETAIL, "2026-11-08", 5)],
}
"""Before which run Microsoft corrects which report, for which refresh date; the last is the correction's number."""


def live(world: InProcess) -> None:
    """All runs, one after the other."""
    for reports, times in ((FIRST, OCTOBER), (REPORTS, NOVEMBER)):
        for text in times:
            world.control.set_time(datetime.fromisoformat(text).replace(tzinfo=UTC))
            for report, day, number in RESTATED.get(text, ()):
                world.control.put("restate", {"report": report, "refresh_date": day, "revision": number})
            rules = [
                {"fault": each.fault, "match": {"call": each.call}, "times": None, "args": dict(each.args)}
                for each in TROUBLE
                if each.first <= text < each.end
            ]
            world.control.put("faults", {"rules": rules})
            told(world.app(reports).runner.run())


def told(run: Run) -> None:
    """A line on the screen about a run."""
    ends = Counter(f"{each.outcome}{each.reason and ':' + each.reason}" for each in run.pulls)
    print(run.id, dict(ends), f"waiting {run.waiting}", f"lost {dict(run.lost)}" if run.lost else "")


@contextmanager
def no_chance(world: InProcess) -> Iterator[None]:
    """The ids of runs and of Graph's answers come from the time and the call, and not from chance.

    The app's code stays as it is: only where it, and the simulator, look for chance is another source put.
    """
    asked: Counter[str] = Counter()
    now = threading.local()

    def before(listener: str, request: Any) -> None:
        if listener == "graph":  # the download follows in the same thread
            target = f"{world.control.now().isoformat()} {request.target}"
            asked[target] += 1
            now.target = f"{target} {asked[target]}"

    def of_answer(listener: str) -> UUID:
        return uuid5(NAMESPACE_URL, f"{listener} {now.target}")

    def of_run(size: int) -> str:
        return hashlib.sha256(world.control.now().isoformat().encode()).hexdigest()[: 2 * size]

    world._simulator.before = before
    with (
        patch("shared.runner.secrets", SimpleNamespace(token_hex=of_run)),
        patch("local.simulator.graph.uuid4", lambda: of_answer("graph")),
        patch("local.simulator.download.uuid4", lambda: of_answer("download")),
    ):
        yield


# What strangers put beside it.


class Strange(NamedTuple):
    """A blob that the app did not write."""

    container: str
    name: str
    content: bytes = b""
    metadata: Mapping[str, str] = {}


def strangers(blobs: Blobs) -> list[Strange]:
    """Blobs of people, tools and other apps, some of whose names or metadata almost fit."""

    def own(container: str, call: Call, day: str, revision: int = 1) -> tuple[str, Kept]:
        name = blob_name(call, date.fromisoformat(day), revision)
        return name, blobs[container, name]

    usage, personal, derived, quarantine = CONTAINERS
    d7, kept = own(usage, Call(COUNTS, "D7"), "2026-10-31")
    at = d7.rpartition("/revision=")[0]
    d30_name, d30 = own(usage, Call(COUNTS, "D30"), "2026-11-01")
    services, summary = own(usage, Call(SERVICES, "D7"), "2026-11-01")
    mailboxes, people = own(personal, Call(MAILBOX, "D7"), "2026-11-01")
    one_day, _ = own(personal, Call(DETAIL, date=date(2026, 10, 20)), "2026-10-20")
    skipped = blob_name(Call(ACTIVATIONS), date(2026, 11, 7), 1)
    next_one = services.replace("revision=1/", "revision=2/").replace("_r1.", "_r2.")
    new_report = services.replace(SERVICES, "getOffice365SomethingNewCounts")
    no_zone = {**kept.metadata, "pulled_at": "2026-11-03T08:00:00"}
    by_hand = {**summary.metadata, "uploaded_by": "ann"}
    run_name, run = min((name, kept) for (place, name), kept in blobs.items() if name.startswith("runs/2026-10/"))
    return [
        # A file, and what tools for Data Lake put in place of a folder.
        Strange(usage, "Notizen/Größen 2026.txt", "Nicht löschen!\n".encode()),
        Strange(usage, f"report={COUNTS}", b"", {"hdi_isfolder": "true"}),
        # Names that almost fit: copies of true snapshots with all their metadata.
        Strange(usage, f"{at}/revision=01/{d7.rpartition('/')[2]}", kept.content, kept.metadata),
        Strange(usage, f"{at}/revision=1/{d30_name.rpartition('/')[2]}", d30.content, d30.metadata),
        Strange(usage, f"{at}/revision=2/{d7.rpartition('/')[2]}", kept.content, kept.metadata),
        Strange(usage, d7.removesuffix(".gz"), gzip.decompress(kept.content)),
        Strange(usage, f"{skipped}.bak", b"of a refresh date that has nothing else\n"),
        Strange(usage, new_report, summary.content, {**summary.metadata, "app_version": "0.9.0"}),
        # Names that fit, and metadata that do not: none, and a time without a zone.
        Strange(usage, next_one, summary.content),
        Strange(usage, d7.replace("revision=1/", "revision=2/").replace("_r1.", "_r2."), kept.content, no_zone),
        # A report with personal data where the others lie.
        Strange(usage, mailboxes, people.content, people.metadata),
        Strange(personal, f"{one_day}.sha256", b"0" * 64 + b"\n"),
        Strange(personal, mailboxes.lower(), people.content, people.metadata),
        Strange(personal, services, summary.content, by_hand),
        # Marks that are none.
        Strange(derived, f"lost/report={COUNTS}/period=D7/first=2026-11-04/last=2026-11-03"),
        Strange(derived, f"lost/report={COUNTS}/period=D7/first=2026-11-31/last=2026-12-01"),
        Strange(derived, "lost/report=getOffice365SomethingNewCounts/period=D7/first=2026-11-01/last=2026-11-02"),
        Strange(derived, f"flips/report={DETAIL}/period=D7/refresh_date=2026-11-06/revision=0/named-to-concealed"),
        Strange(derived, f"flips/report={DETAIL}/period=D7/refresh_date=2026-11-06/revision=1/named-to-named"),
        # Not the record of a run, though newer than all by its name; and one under another name.
        Strange(derived, "runs/2026-11/README.md", b"# Records of runs\n"),
        Strange(derived, run_name.replace(".json", " (copy).json"), run.content),
        Strange(derived, "requests.json.bak", b"{}"),
        Strange(derived, f"series/report={COUNTS}/period=D7/{COUNTS}_D7_series (1).csv", b"Report Refresh Date\r\n"),
        Strange(quarantine, "notes.txt", b"asked Microsoft on 2026-11-05\n"),
        Strange(
            quarantine,
            f"report={COUNTS}/period=D7/reason=not_this_report/{'0' * 64}.csv.gz",
            kept.content,
            {"pulled_at": "2026-11-04T07:15:00+00:00", "reason": "not_this_report", "sha256": "0" * 64},
        ),
    ]


def put_beside(world: InProcess) -> None:
    """Let the strangers' blobs be there."""
    for each in strangers(world.blobs()):
        assert (each.container, each.name) not in world.blobs(), each
        world.storage.put(each.container, each.name, each.content, each.metadata)


# What is asked.


class Asked(NamedTuple):
    """A request, to the function that serves it."""

    path: str
    """As the app sees it: decoded, and without /api."""
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    """Names in lower case."""
    method: str = "GET"
    personal: bool = False


def requests(archive: Blobs) -> list[Asked]:
    """Every URL of README's table and of docs/api.md, in all forms and with each error that this archive can give."""
    v1, beta = "v1.0/reports", "beta/reports"
    d7, d30 = f"{v1}/{COUNTS}(period='D7')", f"{v1}/{COUNTS}(period='D30')"
    services, detail, day = f"{v1}/{SERVICES}(period='D7')", f"{v1}/{DETAIL}(period='D7')", f"{v1}/{DETAIL}"
    activations, mailbox = f"{v1}/{ACTIVATIONS}", f"{v1}/{MAILBOX}(period='D7')"
    copilot = f"v1.0/copilot/reports/{COPILOT}(period='D7',version='v2')"
    newest = blob_name(Call(SERVICES, "D7"), date(2026, 11, 9), 1)
    sha256 = archive["usage", newest].metadata["sha256"]
    gzipped = {"accept-encoding": "gzip"}
    aggregates = [
        # A snapshot.
        Asked(d30),
        Asked(f"{v1}/{COUNTS}", {"period": "D30"}),
        Asked(f"{beta}/microsoft.graph.getoffice365activeusercounts(period='d30')/content"),
        Asked(d30, {"code": "KEY", "clientId": "default"}, gzipped),
        Asked(d30, method="HEAD"),
        Asked(d30, method="HEAD", headers=gzipped),
        Asked(d30, {"refreshDate": "2026-10-31"}),
        Asked(d30, {"refreshDate": "2026-10-31", "revision": "1"}),
        Asked(d30, {"refreshDate": "2026-10-31", "revision": "2"}, gzipped),
        Asked(services, {"refreshDate": "2026-10-31", "revision": "1"}),
        Asked(services, {"refreshDate": "2026-10-31", "asOf": "2026-11-02"}),
        Asked(services, {"asOf": "2026-11-04"}),
        Asked(services, {"asOf": "2026-11-03T00:15:00Z"}),
        Asked(services, {"asOf": "2026-11-03T02:14:59.9999999+02:00"}),
        Asked(services, headers={"accept-datetime": "Tue, 03 Nov 2026 07:14:59 GMT"}),
        Asked(services, headers={"accept-datetime": "Sat, 01 Aug 2026 00:00:00 GMT"}),
        Asked(activations),
        Asked(activations, {"refreshDate": "2026-10-19"}),  # with two BOMs
        Asked(activations, {"refreshDate": "2026-11-05"}),  # which was pulled after a younger one
        Asked(copilot),
        Asked(f"{beta}/{COPILOT}", {"period": "D7", "version": "v2"}),
        Asked(f"{beta}/Office365ActiveUsers(view='Services',period='D7')/content"),
        # Its forms.
        Asked(d7, {"format": "json"}),
        Asked(services, {"$format": "application/json"}),
        Asked(services, {"format": "excel"}),
        Asked(services, {"$format": "text/csv"}),
        Asked(services, headers={"accept": "application/json"}),
        Asked(services, headers={"accept": "application/octet-stream, application/json"}),
        Asked(copilot, {"format": "excel"}),
        # Conditions and ranges.
        Asked(services, headers={"if-none-match": f'"{sha256}"'}),
        Asked(services, headers={"if-modified-since": "Thu, 12 Nov 2026 09:00:00 GMT"}),
        Asked(services, headers={"if-match": '"other"'}),
        Asked(services, headers={"range": "bytes=0-99"}),
        Asked(services, headers={"range": "bytes=-20", "if-range": f'"{sha256}"'}),
        Asked(services, headers={"range": "bytes=100000-"}),
        # Which snapshots there are.
        Asked(f"{d7}/snapshots"),
        Asked(f"{services}/snapshots", {"format": "csv"}),
        Asked(f"{services}/snapshots", {"format": "link"}),
        Asked(f"{services}/snapshots", {"asOf": "2026-11-02"}),
        Asked(f"{activations}/snapshots", headers={"accept": "text/csv"}),
        Asked(f"{v1}/{COUNTS}/snapshots"),
        Asked(f"{v1}/{COUNTS}(period='D90')/snapshots"),
        # Series.
        Asked(f"{d7}/series"),
        Asked(f"{v1}/{COUNTS}/series"),
        Asked(f"{d30}/series", {"from": "2026-10-20", "to": "2026-11-01"}),
        Asked(f"{d30}/series", {"every": "week"}),
        Asked(f"{d7}/series", {"every": "month", "format": "json"}),
        Asked(f"{d7}/series", {"asOf": "2026-11-04", "bom": "1"}),
        Asked(f"{d30}/series", {"format": "svg"}),
        Asked(f"{services}/series", {"format": "excel"}),
        Asked(f"{services}/series", headers=gzipped),
        Asked(f"{activations}/series"),
        Asked(f"{copilot}/series"),
        Asked(f"{d7}/series", {"from": "2027-01-01"}),
        Asked(f"{v1}/{SERVICES}(period='D90')/series"),  # of which nothing is archived
        # The catalogue.
        Asked(v1),
        Asked("beta/copilot/reports"),
    ]
    people = [
        Asked(v1),
        Asked(detail),
        Asked(detail, {"format": "json"}),
        Asked(detail, {"refreshDate": "2026-10-30", "format": "excel"}),
        Asked(detail, {"refreshDate": "2026-11-06", "revision": "1"}),  # concealed
        Asked(f"{day}(date=2026-10-30)"),
        Asked(f"{day}(date=2026-10-30)", {"revision": "1"}, gzipped),
        Asked(day, {"date": "2026-10-30", "asOf": "2026-11-02"}),
        Asked(f"{day}(date=2026-10-30)", headers={"accept-datetime": "Fri, 06 Nov 2026 00:00:00 GMT"}),
        Asked(f"{beta}/Office365ActiveUsers(view='Detail',date=2026-10-29)/content"),
        Asked(f"{day}(date=2026-10-30)/snapshots", {"format": "link"}),
        Asked(f"{day}/snapshots"),
        Asked(f"{day}/series", {"from": "2026-10-28", "to": "2026-11-03"}),
        Asked(f"{detail}/series", {"every": "week", "format": "json"}),
        Asked(f"{detail}/series", {"format": "svg"}),
        Asked(f"{detail}/series", {"asOf": "2026-11-08"}),
        Asked(mailbox),
        Asked(mailbox, {"refreshDate": "2026-11-08"}, {"if-none-match": '"other"'}),
        Asked(f"{mailbox}/snapshots", {"format": "csv"}),
        Asked(f"{mailbox}/series", {"format": "excel", "every": "month"}),
        Asked(d7),
        # Errors.
        Asked(f"{day}(date=2026-10-05)"),  # lost, and before all others
        Asked(f"{day}(date=2026-10-08)"),  # lost
        Asked(f"{day}(date=2026-10-10)"),  # without rows, and out of reach by now
        Asked(f"{day}(date=2026-10-18)"),  # without rows
        Asked(f"{day}(date=2026-10-22)"),  # refused
        Asked(f"{day}(date=2026-10-30)", {"refreshDate": "2026-10-29"}),
    ]
    errors = [
        Asked("v1.0/nothing"),
        Asked(f"{v1}/getOffice365ActiveUserCount(period='D7')"),
        Asked(detail),
        Asked(f"{day}/series"),
        Asked(f"{d7}", {"refreshDate": "2026-11-05"}),  # lost in the outage
        Asked(f"{v1}/{COUNTS}(period='D90')"),
        Asked(d30, {"refreshDate": "2026-11-11"}),
        Asked(d30, {"refreshDate": "2026-10-31", "asOf": "2026-11-01"}),
        Asked(activations, {"refreshDate": "2026-11-08"}),  # skipped by Microsoft
        Asked(activations, {"refreshDate": "2026-11-07"}),  # a stranger's blob alone lies there
        Asked(d7, {"refreshDate": "2026-10-01"}),
        Asked(d7, {"asOf": "2026-10-25"}),
        Asked(d7, {"refreshDate": "2026-12-24"}),
        Asked(d7, {"asOf": "2026-12-24"}),
        Asked(d7, {"refreshDate": "2026-10-31", "revision": "2"}),  # a stranger's, with bad metadata
        Asked(services, {"refreshDate": "2026-11-01", "revision": "2"}),  # the same, with none
        Asked(f"{v1}/{COUNTS}(period='D8')"),
        Asked(f"{v1}/{COUNTS}"),
        Asked(d7, {"revision": "01"}),
        Asked(d7, {"since": "2026-11-01"}),
        Asked(f"{d7}/series", {"from": "2026-11-02", "to": "2026-11-02"}),
        Asked(f"{v1}/{COUNTS}(period='D7')", {"date": "2026-11-02"}),
        Asked(services, method="POST"),
        Asked(copilot, {"format": "json"}),
        Asked(services, headers={"accept": "image/png"}),
    ]
    of_all = [
        Asked("status"),
        Asked("status", {"format": "csv"}),
        Asked("status", headers={"accept": "text/csv", "accept-encoding": "gzip"}),
        Asked("status", {"format": "svg"}),
        Asked("health"),
    ]
    return [*aggregates, *(each._replace(personal=True) for each in people), *errors, *of_all]


def answered(app: App, asked: Asked) -> dict[str, Any]:
    """A request and what the app answers, as answers.json has it."""
    request = Request(asked.method, asked.path, asked.query, asked.headers)
    if asked.path == "status":
        function, reply = "status", answer(request, app.api.status)
    elif asked.path == "health":
        function, reply = "health", answer(request, lambda _: app.api.health())
    else:
        function = "personal_reports" if asked.personal else "reports"
        reply = answer(request, lambda request: app.api.reports(request, personal=asked.personal))
    told = {
        "function": function,
        **asked._asdict(),
        "status": reply.status,
        "answer_headers": dict(reply.headers),
        "sha256": hashlib.sha256(reply.body).hexdigest(),
        "length": len(reply.body),
    }
    if len(reply.body) < 2048:
        with suppress(UnicodeDecodeError):  # of what is compressed
            told["text"] = reply.body.decode()
    return told


def findings(app: App) -> list[dict[str, str]]:
    """What `verify` finds, in the order of names."""
    found = verify(list(everything(app.archive)), catalogue(), CLOCK)
    return sorted(
        ({"container": each.container, "blob": each.name, "code": each.what, "detail": each.detail} for each in found),
        key=lambda each: (each["container"], each["blob"], each["code"]),
    )


# What is written.


def packed(blobs: Blobs) -> bytes:
    """All blobs as a zip that depends on nothing else."""
    files = {f"{container}/{name}": kept.content for (container, name), kept in blobs.items()}
    metadata = {f"{container}/{name}": dict(sorted(kept.metadata.items())) for (container, name), kept in blobs.items()}
    md5 = {f"{container}/{name}": kept.md5.hex() for (container, name), kept in blobs.items() if kept.md5}
    files |= {"metadata.json": as_json(metadata), "md5.json": as_json(md5)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith(".gz") else zipfile.ZIP_DEFLATED
            file.writestr(info, files[name], compresslevel=9)
    return content.getvalue()


def as_json(content: object) -> bytes:
    """As JSON for people too, in the order of names."""
    return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def main(folder: Path) -> None:
    """Make the files anew, and say what is in them."""
    logging.disable(logging.CRITICAL)
    with InProcess(users=USERS) as world:
        with no_chance(world):
            live(world)
        put_beside(world)
        before = dict(world.blobs())
        world.control.set_time(CLOCK)
        app = world.app(REPORTS)
        answers = [answered(app, asked) for asked in requests(before)]
        found = findings(app)
        assert world.blobs() == before, "asking has changed the archive"
    header = {"version": __version__, "clock": CLOCK.isoformat(), "reports": REPORTS}
    files = {
        f"archive-{__version__.rpartition('.')[0]}.zip": packed(before),
        "answers.json": (json.dumps(header | {"answers": answers}, indent=1, ensure_ascii=False) + "\n").encode(),
        "findings.json": (json.dumps(header | {"findings": found}, indent=1, ensure_ascii=False) + "\n").encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        print(f"{name}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
    print("blobs:", dict(Counter(container for container, _ in before)))
    print("answers:", len(answers), dict(Counter(each["status"] for each in answers)))
    print("findings:", len(found), dict(Counter(each["code"] for each in found)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
