"""Readers over HTTP: while a revision is published, while storage is down, in a burst, and of what is not there."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING

from shared.domain.call import Call
from tests.reliability.faults.scenario import Scenario, must, must_end, secrets_in

if TYPE_CHECKING:
    from tests.reliability.faults.run import Bench
    from tests.reliability.storage_proxy import Operation

REPORT = "getOffice365ServicesUserCounts"
CALL = f"{REPORT}(period='D7')"
PATH = f"v1.0/reports/{CALL}"
"""Below `/api/`."""
CALLERS = 50


def _while_published(bench: Bench) -> str:
    """A reader asks before and after each storage operation of a pull that publishes a correction."""
    bench.tomorrow(7, 0)
    app = bench.app(CALL)
    bench.pull(app)
    first = bench.newest(app, CALL)
    read: list[tuple[str, str]] = []
    busy: list[Operation] = []
    bench.spoil([{"fault": "stuck"}])
    bench.at(bench.control.now() + timedelta(days=1))
    with bench.serving() as site, bench.corrected(first):

        def ask(operation: Operation) -> None:
            if not busy:  # the reader's own operations come by here too
                busy.append(operation)
                answer = site.get(PATH)
                read.append((answer.headers.get("ETag", ""), f'"{hashlib.sha256(answer.content).hexdigest()}"'))
                busy.clear()

        bench.storage.before = bench.storage.after = ask
        pulled = bench.pull(app)
        bench.heal()
    must(all(tag == digest for tag, digest in read), "an ETag does not fit its body")
    tags = [f'"{each.origin.sha256}"' for each in app.archive.snapshots.revisions(first.call, first.refresh_date)]
    versions = [tags.index(tag) for tag, _ in read]
    must(versions == sorted(versions), f"a reader was given the revisions {versions}")
    return f"{must_end(pulled, 'revised')}; {len(read)} answers, each whole, old before new"


def _storage_down(bench: Bench) -> str:
    """Storage refuses everything."""
    bench.tomorrow(7, 0)
    bench.pull(bench.app(CALL))
    functions = {PATH: "reports", "status": "status"}
    with bench.serving() as site:
        must(site.get(PATH).status_code == 200, "nothing is served")
    with bench.serving() as site:
        bench.spoil(storage=[{"fault": "busy", "times": None}])
        with ThreadPoolExecutor() as pool:
            answers = dict(zip(functions, pool.map(site.get, functions, functions.values()), strict=True))
        health = site.get("health", "health")
    must((health.status_code, health.text) == (503, "unreachable"), f"health is {health.text}")
    for path, answer in answers.items():
        must(answer.status_code == 503, f"{path} is answered with {answer.status_code}")
        must(answer.headers["Retry-After"].isdecimal(), f"Retry-After is {answer.headers['Retry-After']!r}")
        must(answer.headers["Content-Type"] == "application/problem+json", "it is no problem document")
        told = secrets_in(answer.text, bench.settings["IDENTITY_HEADER"], "Traceback")
        must(told == [], f"the answer tells {told}")
    return f"503, Retry-After {answers[PATH].headers['Retry-After']}, health {health.text}"


def _not_there(bench: Bench) -> str:
    """Somebody asks for days that are not in the archive, for one reason or another."""
    today = bench.control.now()
    app = bench.app(CALL)
    bench.at(today - timedelta(days=9))
    bench.spoil([{"fault": "stuck", "args": {"days": 3.0}}])
    for _ in range(8):
        bench.pull(app)
        bench.control.sleep(12 * 3600)
    bench.at(today - timedelta(days=1))
    bench.pull(app)
    held = app.archive.snapshots.refresh_dates(Call(REPORT, period="D7"))
    expected = [
        (CALL, held[0] - timedelta(days=1), "before_archive"),
        (CALL, held[0] + timedelta(days=1), "never_published"),
        (CALL, held[-1] - timedelta(days=1), "not_pulled"),
        (CALL, today.date() + timedelta(days=2), "in_future"),
        ("getEmailActivityCounts(period='D7')", held[0], "not_pulled"),
    ]
    with bench.serving() as site:
        found = [_why(site.get(f"v1.0/reports/{call}?refreshDate={day}").json(), day) for call, day, _ in expected]
    must(found == [code for *_, code in expected], f"the reasons are {found}")
    return f"404 {', '.join(dict.fromkeys(found))}"


def _why(document: dict[str, object], day: date) -> str:
    must(document["status"] == 404 and str(day) in str(document["detail"]), f"the answer is {document}")
    return str(document["code"])


def _burst(bench: Bench) -> str:
    """Many readers ask for the newest at once, most of whom have it already."""
    bench.tomorrow(7, 0)
    bench.pull(bench.app(CALL))
    with bench.serving() as site:
        tag = site.get(PATH).headers["ETag"]
        before, started = len(bench.storage.seen), time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            headers = [{"If-None-Match": tag} if number % 10 else {} for number in range(CALLERS)]
            answers = list(pool.map(lambda each: site.get(PATH, **each), headers))
        seconds, operations = time.monotonic() - started, len(bench.storage.seen) - before
    statuses = Counter(answer.status_code for answer in answers)
    must(statuses == {304: 0.9 * CALLERS, 200: 0.1 * CALLERS}, f"the answers are {dict(statuses)}")
    must(operations <= 10, f"{operations} storage operations")
    return f"304 and 200, {CALLERS / seconds:.0f} a second, {operations} storage operations"


READERS: tuple[Scenario, ...] = (
    Scenario("F82", "readers while a revision is published", _while_published),
    Scenario("F84", "storage is down while somebody reads", _storage_down),
    Scenario("F85", "days that are not in the archive", _not_there),
    Scenario("F87", f"{CALLERS} readers at once", _burst),
)
