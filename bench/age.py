"""What age costs: a pull and a read in the fifth year of an archive, next to the same in its first week."""

from __future__ import annotations

import statistics
import time
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta

from bench.measure import Row, Scale, compared, interleaved
from bench.parts import FIVE_YEARS, TODAY, bodies, days, environment, fill, service
from local.control import Control
from local.stack import Stack
from shared.app import App
from shared.reply import Request, answer
from shared.settings import read

CALLS = ("getOffice365ActiveUserCounts(period='D7')", "getOffice365ServicesUserCounts(period='D7')")


def rows(scale: Scale) -> list[Row]:
    """Two archives beside each other, of a report with daily rows and one without."""
    with ExitStack() as stack:
        old = _Archive(stack, scale.pick(FIVE_YEARS, 180))
        new = _Archive(stack, 7)
        pulls = interleaved({"old": old.pull, "new": new.pull}, 2 * scale.rounds)
        reads = interleaved({"old": old.newest, "new": new.newest}, 2 * scale.rounds)
    age = f"in an archive of {old.days} days"
    return [
        compared(
            f"a run that pulls {len(CALLS)} new snapshots, {age}",
            pulls["old"],
            "in its first week",
            pulls["new"],
            "s",
            1.2,
        ),
        compared(f"newest snapshot, {age}", reads["old"], "in its first week", reads["new"], "s", 1.2),
    ]


class _Archive:
    """An app and its archive of so many days, with a storage of its own."""

    def __init__(self, stack: ExitStack, number: int) -> None:
        self.days = number
        running = stack.enter_context(Stack(settings={"REPORTS": ", ".join(CALLS)}))
        self._settings = running.settings
        self._control = Control(running.control)
        self._now = TODAY.replace(hour=23, minute=59)
        with service(running.settings) as client:
            for call in CALLS:
                fill(client, call, bodies(call, days(number, self._now.date() - timedelta(days=2))))
        with self._living():
            self._app = App(read(running.settings), self._control.now, self._control.sleep)
            self.pull()

    def pull(self) -> float:
        """Seconds that the run of the next day takes, when there is a newer refresh date."""
        self._now += timedelta(days=1)
        with self._living():
            self._control.set_time(self._now)
            started = time.perf_counter()
            pulls = self._app.runner.run().pulls
            took = time.perf_counter() - started
        assert {str(pulled.outcome) for pulled in pulls} == {"published"}, pulls
        return took

    def newest(self) -> float:
        """Seconds that a read of the newest takes; the median of some."""
        request = Request("GET", f"v1.0/reports/{CALLS[0]}", {}, {"accept-encoding": "gzip"})
        with self._living():
            return statistics.median(self._read(request) for _ in range(20))

    def _read(self, request: Request) -> float:
        started = time.perf_counter()
        made = answer(request, lambda request: self._app.api.reports(request, personal=False))
        assert made.status == 200
        return time.perf_counter() - started

    def _living(self) -> AbstractContextManager[None]:
        return environment(self._settings)
