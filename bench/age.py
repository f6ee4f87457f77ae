"""What age costs: a pull and a read in the fifth year of an archive, next to the same in its first week."""

from __future__ import annotations

import statistics
import time
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta

from bench.measure import Row, Scale, compared, interleaved, timed
from bench.parts import FIVE_YEARS, TODAY, bodies, call, days, fill, service
from local.environment import environment
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.settings import read

CALLS = ("getOffice365ActiveUserCounts(period='D7')", "getOffice365ServicesUserCounts(period='D7')")
_OTHERS = ("getOffice365ServicesUserCounts(period='D30')", "getOffice365ServicesUserCounts(period='D90')")
WEEK = 7


def rows(scale: Scale) -> list[Row]:
    """Two archives beside each other, of a report with daily rows and one without."""
    most = scale.pick(FIVE_YEARS, 180)
    with ExitStack() as stack:
        old, new = _Archive(stack, most, 0), _Archive(stack, WEEK, most - WEEK)
        reads = interleaved({"old": old.newest, "new": new.newest}, 2 * scale.rounds)
        pulls = interleaved({"old": old.pull, "new": new.pull}, 2 * scale.rounds)
    cpu = [archive.cpu[-2 * scale.rounds :] for archive in (old, new)]  # without that of warming up
    age, young = f"in an archive of {old.days} days", "in its first weeks"
    pull = f"a run that pulls {len(CALLS)} new snapshots, {age}"
    return [
        compared(f"{pull}, CPU of the app", cpu[0], young, cpu[1], "s", 1.2),
        compared(pull, pulls["old"], young, pulls["new"], "s", 1.2),
        compared(f"newest snapshot, looked for and read, {age}", reads["old"], young, reads["new"], "s", 1.2),
    ]


class _Archive:
    """An app and its archive of so many days, with a storage of its own.

    Others' blobs lie beside it, as Azurite goes through all there are for each listing, which Azure does not.
    """

    def __init__(self, stack: ExitStack, number: int, beside: int) -> None:
        self.days = number
        self.cpu: list[float] = []
        """Seconds of this process that each run took."""
        running = stack.enter_context(Stack(settings={"REPORTS": ", ".join(CALLS)}))
        self._settings = running.settings
        self._control = Control(running.control)
        self._now = TODAY.replace(hour=23, minute=59)
        with service(running.settings) as client:
            newest = self._now.date() - timedelta(days=2)
            for text, other in zip(CALLS, _OTHERS, strict=True):
                fill(client, text, bodies(text, days(number, newest)))
                ((_, body),) = bodies(other, [newest])
                fill(client, other, ((day, body) for day in days(beside, newest)))
        with self._living():
            self._app = App(read(running.settings), clock=self._control.now, sleep=self._control.sleep)
            self.pull()

    def pull(self) -> float:
        """Seconds that the run of the next day takes, when there is a newer refresh date."""
        self._now += timedelta(days=1)
        with self._living():
            self._control.set_time(self._now)
            started, cpu = time.perf_counter(), time.process_time()
            pulls = self._app.pull_run.execute().pulls
            took = time.perf_counter() - started
            self.cpu.append(time.process_time() - cpu)
        assert {str(pulled.outcome) for pulled in pulls} == {"published"}, pulls
        return took

    def newest(self) -> float:
        """Seconds in which the newest is found in storage and read; the median of some."""
        with self._living():
            side = timed(self._read)
            return statistics.median(side() for _ in range(20))

    def _read(self) -> None:
        found = self._app.archive.snapshots.newest(call(CALLS[0]), self._now.date())
        assert found
        self._app.archive.snapshots.compressed(found)

    def _living(self) -> AbstractContextManager[None]:
        return environment(self._settings)
