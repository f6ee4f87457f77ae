"""What happens in a lived past happens once, in its order, and leaves nothing behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.incidents import LEAST, Incidents
from local.simulator_client import Control

BEGIN = datetime(2026, 10, 12, 12, tzinfo=UTC)


class Told(Control):
    """A control that notes what it is told."""

    def __init__(self) -> None:
        super().__init__("")
        self.changes: list[tuple[str, dict[str, Any]]] = []

    def put(self, path: str, change: dict[str, Any]) -> None:
        self.changes.append((path, change))


@pytest.mark.parametrize("days", [LEAST, 200, 400])
def test_faults_end_and_corrected_numbers_stay_right(days: int) -> None:
    incidents, control = Incidents(BEGIN, days), Told()
    begun = []
    for number in range(days):
        before = len(control.changes)
        incidents.happen(control, BEGIN + timedelta(days=number))
        faults = [change["rules"] for path, change in control.changes[before:] if path == "faults"]
        begun += [(number, rules[0]["fault"] if rules else "") for rules in faults]
    assert [fault for _, fault in begun] == ["concealed", "", "server_error", "", "column_added", "", "stuck", ""]
    assert [end - start for (start, _), (end, _) in zip(begun[::2], begun[1::2], strict=True)] == [2, 3, 5, 7]
    revisions = {
        (each["report"], each["refresh_date"]): each["revision"] for path, each in control.changes if path == "restate"
    }
    assert len(revisions) == 9
    assert {*revisions.values()} == {0}
    assert len([*incidents.told()]) == 5


def test_in_a_short_past_nothing_happens() -> None:
    incidents, control = Incidents(BEGIN, LEAST - 1), Told()
    incidents.happen(control, BEGIN + timedelta(days=LEAST))
    assert control.changes == []
    assert [*incidents.told()] == []
