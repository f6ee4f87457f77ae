"""What tells of all calls, asked of a new process: in an archive that is five years old, and in its first week."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bench.measure import Row, Scale, compared, interleaved, timed
from bench.parts import FIVE_YEARS, TODAY, aged, service
from local.environment import environment
from shared.app import App
from shared.archive.coverage_archive import WORKERS
from shared.archive.layout import USAGE, Partition, snapshot_prefix
from shared.domain.call import calls_in
from shared.domain.catalogue import catalogue
from shared.settings import read
from shared.web.http import Request, handle

WEEK = 7
PACKED = {"accept-encoding": "gzip"}


def rows(scale: Scale) -> list[Row]:
    """Every call that the catalogue has; and next to it one listing for each, which is what it took before."""
    number = scale.pick(FIVE_YEARS, 60)
    calls = [*calls_in(catalogue())]
    prefixes = sorted({snapshot_prefix(Partition.of(call)) for call in calls})
    with aged(number, WEEK) as (old, young), environment(old), service(old) as client:

        def bare() -> None:
            container = client.get_container_client(USAGE)
            with ThreadPoolExecutor(WORKERS) as pool:
                found = pool.map(lambda start: list(container.walk_blobs(name_starts_with=start)), prefixes)
                assert all(len(each) == number for each in found)

        quick = {
            f"{question} {age}": timed(partial(_asked, ask, at))
            for question, ask in QUESTIONS.items()
            for age, at in (("old", old), ("young", young))
        }
        took = interleaved(quick, 3 * scale.rounds)
        listings = interleaved({"bare": timed(bare)}, 1)["bare"]
    every = []
    for question in QUESTIONS:
        text = f"{question} of {len(prefixes)} calls, {number} days, by a new process"
        ours, week = took[f"{question} old"], took[f"{question} young"]
        against = f"a listing for each, {WORKERS} side by side"
        every.append(compared(text, ours, against, listings * len(ours), "s", scale.pick(2, 100) / 100))
        every.append(compared(text, ours, f"in an archive of {WEEK} days", week, "s", 1.2))
    return every


def _asked(ask: Callable[[App], None], settings: Mapping[str, str]) -> None:
    ask(App(read(settings), clock=lambda: TODAY))


def _status(app: App) -> None:
    assert handle(Request("GET", "status", {}, PACKED), app.api.status).status == 200


def _reports(app: App) -> None:
    answer = handle(Request("GET", "v1.0/reports", {}, PACKED), lambda request: app.api.reports(request, personal=True))
    assert answer.status == 200


QUESTIONS: dict[str, Callable[[App], None]] = {"status": _status, "list of reports": _reports}
