"""Readers over HTTP: while a revision is published, while storage is down, in a burst, and of what is not there."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from shared.domain.call import Call
from tests.reliability.checks import no_secret, sha256
from tests.reliability.faults.cases import CALL, OTHER
from tests.reliability.faults.scenario import RealStage, Scenario, must, must_end
from tests.reliability.storage_proxy import Operation

PATH = f"v1.0/reports/{CALL}"
"""Below `/api/`."""
CALLERS = 50


def _while_published(stage: RealStage) -> str:
    """A reader asks before and after each storage operation of a pull that publishes a correction."""
    stage.tomorrow(7, 0)
    app = stage.app(CALL)
    stage.pull(app)
    first = stage.newest(app, CALL)
    answers: list[tuple[str, str]] = []
    busy: list[Operation] = []
    stage.spoil([{"fault": "stuck"}])
    stage.at(stage.control.now() + timedelta(days=1))
    with stage.serving() as site, stage.corrected(first):

        def ask(operation: Operation) -> None:
            if not busy:  # this sees the reader's own operations too
                busy.append(operation)
                answer = site.get(PATH)
                answers.append((answer.headers.get("ETag", ""), f'"{sha256(answer.content)}"'))
                busy.clear()

        stage.storage.before = stage.storage.after = ask
        result = stage.pull(app)
        stage.heal()
    must(all(tag == digest for tag, digest in answers), "an ETag does not fit its body")
    tags = [f'"{each.metadata.sha256}"' for each in app.archive.snapshots.revisions(first.call, first.refresh_date)]
    versions = [tags.index(tag) for tag, _ in answers]
    must(versions == sorted(versions), f"a reader got the revisions {versions}")
    return f"{must_end(result, 'revised')}; {len(answers)} answers, each whole, old before new"


def _storage_down(stage: RealStage) -> str:
    """Storage refuses everything."""
    stage.tomorrow(7, 0)
    stage.pull(stage.app(CALL))
    functions = {PATH: "reports", "status": "status"}
    with stage.serving() as site:
        must(site.get(PATH).status_code == 200, "nothing is served")
    with stage.serving() as site:
        stage.spoil(storage=[{"fault": "busy", "times": None}])
        with ThreadPoolExecutor() as pool:
            answers = dict(zip(functions, pool.map(site.get, functions, functions.values()), strict=True))
        health = site.get("health", "health")
    must((health.status_code, health.text) == (503, "unreachable"), f"health is {health.text}")
    for path, answer in answers.items():
        must(answer.status_code == 503, f"{path} is answered with {answer.status_code}")
        must(answer.headers["Retry-After"].isdecimal(), f"Retry-After is {answer.headers['Retry-After']!r}")
        must(answer.headers["Content-Type"] == "application/json", "it is no problem document")
        leaks = no_secret(path, answer.text, [stage.secret, "Traceback"])
        must(leaks == [], "; ".join(leaks))
    return f"503, Retry-After {answers[PATH].headers['Retry-After']}, health {health.text}"


def _not_there(stage: RealStage) -> str:
    """Somebody asks for days that are not in the archive, for one reason or another."""
    today = stage.control.now()
    app = stage.app(CALL)
    stage.at(today - timedelta(days=9))
    stage.spoil([{"fault": "stuck", "args": {"days": 3.0}}])
    for _ in range(8):
        stage.pull(app)
        stage.control.sleep(12 * 3600)
    stage.at(today - timedelta(days=1))
    stage.pull(app)
    first, *_, last = app.archive.snapshots.refresh_dates(Call.from_text(CALL))
    expected = [
        (CALL, first - timedelta(days=1), "before_archive"),
        (CALL, first + timedelta(days=1), "never_published"),
        (CALL, last - timedelta(days=1), "not_pulled"),
        (CALL, today.date() + timedelta(days=2), "in_future"),
        (OTHER, first, "not_pulled"),
    ]
    with stage.serving() as site:
        codes = [_why(site.get(f"v1.0/reports/{call}?refreshDate={day}").json(), day) for call, day, _ in expected]
    must(codes == [code for *_, code in expected], f"the reasons are {codes}")
    return f"404 {', '.join(dict.fromkeys(codes))}"


def _why(document: dict[str, object], day: date) -> str:
    must(document["status"] == 404 and str(day) in str(document["detail"]), f"the answer is {document}")
    return str(document["code"])


def _burst(stage: RealStage) -> str:
    """Many readers ask for the newest at once, most of whom have it already."""
    stage.tomorrow(7, 0)
    stage.pull(stage.app(CALL))
    with stage.serving() as site:
        tag = site.get(PATH).headers["ETag"]
        before, started = len(stage.storage.seen), time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            headers = [{"If-None-Match": tag} if number % 10 else {} for number in range(CALLERS)]
            answers = list(pool.map(lambda each: site.get(PATH, **each), headers))
        seconds, operations = time.monotonic() - started, len(stage.storage.seen) - before
    statuses = Counter(answer.status_code for answer in answers)
    must(statuses == {304: 0.9 * CALLERS, 200: 0.1 * CALLERS}, f"the answers are {dict(statuses)}")
    must(operations <= 10, f"{operations} storage operations")
    return f"304 and 200, {CALLERS / seconds:.0f} a second, {operations} storage operations"


READERS: tuple[Scenario[RealStage], ...] = (
    Scenario("F82", "readers while a revision is published", _while_published, RealStage),
    Scenario("F84", "storage is down while somebody reads", _storage_down, RealStage),
    Scenario("F85", "days that are not in the archive", _not_there, RealStage),
    Scenario("F87", f"{CALLERS} readers at once", _burst, RealStage),
)
