"""What the views say of the simulated tenant is what the tenant itself knows of its people, computed apart."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from local.folder import FILES
from local.in_memory import InMemoryBlobStore
from local.in_process import InProcessControl, in_process_graph
from local.setup import ROOT
from shared.app import App
from shared.settings import read
from simulator import Simulator
from tests.asking import ask, value

SUITE = ("Exchange", "OneDrive", "SharePoint", "Teams", "Yammer")
SERVICES = {
    "SPE_F1": SUITE,
    "ENTERPRISEPACK": SUITE,
    "SPE_E5": SUITE,
    "Microsoft_365_Copilot": ("Copilot",),
}
"""By which each product is judged; no other is."""
SOURCES = {
    "Copilot": "getMicrosoft365CopilotUsageUserDetail",
    **dict.fromkeys(SUITE, "getOffice365ActiveUserDetail"),
}
REPORTS = ", ".join(["directory", *(f"{report}(period='D180')" for report in sorted({*SOURCES.values()}))])
DAYS = 90
DIMENSIONS = {"department": "department", "country": "country", "company": "companyName"}
NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
"""On this morning somebody who works every day has a new address, which the reports of days ago do not know."""
THEN = NOW - timedelta(days=60)
"""So has somebody else since the day before."""


class Lived(NamedTuple):
    """A tenant, and the archive of it."""

    app: App
    control: InProcessControl


class Truth:
    """What the tenant knows on a day."""

    def __init__(self, control: InProcessControl, now: datetime) -> None:
        control.set_time(now)
        dates = {report: control.get("visible", report=report)["refresh_date"] for report in {*SOURCES.values()}}
        self._dates = {service: date.fromisoformat(dates[report]) for service, report in SOURCES.items()}
        known = {day: {each["id"]: each for each in control.get("directory", day=day)} for day in {*dates.values()}}
        self._known = {service: known[str(day)] for service, day in self._dates.items()}
        self.idle: set[str] = set()
        self.addresses: dict[str, str] = {}
        self.verdicts: Counter[tuple[str, str]] = Counter()
        self.adoption: dict[str, Counter[tuple[str, bool]]] = {name: Counter() for name in DIMENSIONS}
        for account in control.get("directory"):
            self._take(account)

    def _take(self, account: dict[str, Any]) -> None:
        self.addresses[account["id"]] = account["userPrincipalName"]
        licences = {part: since for part, since in account["licences"].items() if part in SERVICES}
        said = {part: self._verdict(account, part, since) for part, since in licences.items()}
        self.verdicts.update(said.items())
        self.idle |= {account["id"]} if "idle" in said.values() else set()
        if said and account["accountEnabled"]:
            for name, property_ in DIMENSIONS.items():
                self.adoption[name][account[property_], "active" in said.values()] += 1

    def _verdict(self, account: dict[str, Any], part: str, assigned: str) -> str:
        ages = []
        for service in SERVICES[part]:
            last = self._known[service].get(account["id"], {"lastActive": {}})["lastActive"].get(service)
            ages.append((self._dates[service] - date.fromisoformat(last)).days if last else DAYS * 100)
        newest = max(self._dates[service] for service in SERVICES[part])
        held = max(date.fromisoformat(each) for each in (assigned, account["created"]))
        return "active" if min(ages) < DAYS else "new" if (newest - held).days < DAYS else "idle"


@contextmanager
def lived(people: int, *ends: datetime, days: int) -> Iterator[Lived]:
    """After the runs of so many days that lead to each of these ends."""
    simulator = Simulator(users=people)
    control = InProcessControl(simulator)
    control.grant()
    app = App(
        read(
            {"ARCHIVE_URL": "https://x.blob.core.windows.net", "GRAPH_ENDPOINT": simulator.graph_endpoint}
            | {"DOWNLOAD_HOSTS": simulator.download_origin, "REPORTS": REPORTS}
        ),
        control.now,
        store=InMemoryBlobStore(clock=control.now),
        graph=in_process_graph(simulator, control.sleep),
        sleep=control.sleep,
    )
    for end in ends:
        for days_before in reversed(range(days)):
            control.set_time(end - timedelta(days=days_before))
            assert app.pull_run.execute().needing_a_person() == []
    yield Lived(app, control)
    simulator.stop()


def check_idle(app: App, truth: Truth, **when: str) -> None:
    told = value(ask(app, "v1.0/idle", {"format": "json", **when}, personal=True))
    assert {each["User Id"] for each in told} == truth.idle
    assert {each["User Principal Name"] for each in told} == {truth.addresses[id_] for id_ in truth.idle}


def check_licences(app: App, truth: Truth, day: date) -> int:
    """Return how many numbers were told."""
    told = ask(app, "v1.0/licences", {"format": "json", "refreshDate": str(day)})
    rows = {each["Sku Part Number"]: each for each in value(told)}
    compared = 0
    for part in SERVICES:
        row, counts = rows[part], {name: truth.verdicts[part, name] for name in ("active", "idle", "new")}
        assert row["Assigned"] == sum(counts.values())
        for column, name in (("Active 90 Days", "active"), ("Idle", "idle"), ("New", "new")):
            assert row[column] in (counts[name], None)
            compared += row[column] is not None
    return compared


def check_adoption(app: App, truth: Truth, day: date) -> int:
    """Return how many groups were told."""
    compared = 0
    for name, counts in truth.adoption.items():
        told = value(ask(app, "v1.0/adoption", {"format": "json", "refreshDate": str(day), "by": name}))
        rows = {each[name.title()]: (each["Licensed"], each["Active"]) for each in told}
        other = rows.pop("(other)", (0, 0))
        sizes = {group: (counts[group, True] + counts[group, False], counts[group, True]) for group, _ in counts}
        assert rows == {group: sizes[group] for group in rows}
        together = [size for group, size in sizes.items() if group not in rows] if told else []
        assert other == (sum(licensed for licensed, _ in together), sum(active for _, active in together))
        compared += len(rows)
    return compared


@pytest.mark.parametrize(
    ("people", "ends", "days", "numbers", "groups"),
    [
        pytest.param(150, [NOW], 1, 1, 1, id="few people"),
        pytest.param(1200, [THEN, NOW], 4, 6, 8, id="many people", marks=pytest.mark.long),
    ],
)
def test_the_views_tell_what_the_tenant_knows(
    people: int, ends: list[datetime], days: int, numbers: int, groups: int
) -> None:
    with lived(people, *ends, days=days) as (app, control):
        for now in ends:
            before, truth, day = Truth(control, now - timedelta(days=3)), Truth(control, now), now.date()
            renamed = {id_ for id_, address in before.addresses.items() if truth.addresses.get(id_, address) != address}
            assert renamed or days == 1
            check_idle(app, truth, refreshDate=str(day))
            assert len(truth.idle) > people // 25
            assert check_licences(app, truth, day) >= numbers
            assert check_adoption(app, truth, day) >= groups


@pytest.mark.long
def test_a_past_of_200_days_is_what_the_tenant_knows(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local.cli", "run", "--once", "--days", "200", "--users", "800", "--port", "0"]
    subprocess.run(
        [*command, "--now", NOW.isoformat(), "--archive", str(tmp_path)],
        check=True,
        cwd=ROOT,
        env={"REPORTS": REPORTS, "PATH": ""},
        stdout=subprocess.DEVNULL,
    )
    app = App(read({"ARCHIVE_URL": (tmp_path / FILES).as_uri()}), lambda: NOW)
    with Simulator(users=800) as simulator:
        control = InProcessControl(simulator)
        for now in (NOW, THEN.replace(hour=23, minute=58)):  # when the timer has fired
            truth, day = Truth(control, now), now.date()
            check_idle(app, truth, asOf=str(day))
            assert check_licences(app, truth, day) >= 6
            assert check_adoption(app, truth, day) >= 5
