"""What the records of runs take of storage, next to the snapshots of the same day."""

from __future__ import annotations

from datetime import timedelta

from bench.measure import Row, Scale, held
from bench.parts import TODAY
from shared.archive.layout import DERIVED, PERSONAL, USAGE, RunRecordName, parse
from tests.reliability.environment import InProcess

USERS = 250
RUNS_A_DAY = 4


def rows(scale: Scale) -> list[Row]:
    """Of the default reports, on a day like any other of the first year."""
    settled = scale.pick(3, 1) * RUNS_A_DAY
    records, snapshots = 0, 0
    with InProcess(USERS) as world:
        for number in range(settled + RUNS_A_DAY):
            if number == settled:
                records, snapshots = _sizes(world)
            world.control.set_time(TODAY.replace(hour=1, minute=15) + timedelta(hours=6 * number))
            world.app("aggregates").pull_run.execute()
        after = _sizes(world)
    question = f"stored bytes of the run records of a day, default reports, {USERS} people"
    return [held(question, (after[0] - records) / 1e6, "of its snapshots", (after[1] - snapshots) / 1e6, "MB", 0.1)]


def _sizes(world: InProcess) -> tuple[int, int]:
    """Return the bytes of all records, and of all snapshots."""
    records, snapshots = 0, 0
    for (container, name), kept in world.blobs().items():
        records += len(kept.content) * (container == DERIVED and isinstance(parse(name), RunRecordName))
        snapshots += len(kept.content) * (container in (USAGE, PERSONAL))
    return records, snapshots
