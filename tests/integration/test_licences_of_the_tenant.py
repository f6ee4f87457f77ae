"""What the views say of the simulated tenant is what the tenant itself knows of its people, computed apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from local.in_memory import InMemoryBlobStore
from local.in_process import InProcessControl, in_process_graph
from shared.app import App
from shared.settings import read
from simulator import Simulator
from simulator.tenant import activity
from simulator.tenant.accounts import Account, Accounts
from simulator.tenant.products import PRODUCTS
from simulator.tenant.tenant import Tenant
from tests.asking import ask, value

pytestmark = pytest.mark.long

PEOPLE, SEED = 1200, 1
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
NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
THEN = NOW - timedelta(days=60)


class Truth:
    """What the tenant knows."""

    def __init__(self, control: InProcessControl, now: datetime) -> None:
        control.set_time(now)
        visible = {report: control.get("visible", report=report)["refresh_date"] for report in SOURCES.values()}
        self._known = {service: date.fromisoformat(visible[SOURCES[service]]).toordinal() for service in SOURCES}
        self._tenant = Tenant(PEOPLE, SEED)
        self._day = now.date().toordinal()
        self.idle: set[str] = set()
        self.verdicts: Counter[tuple[str, str]] = Counter()
        for place, account in Accounts(self._tenant).since(self._day):
            for state in account["licenseAssignmentStates"]:
                part = next(each.part_number for each in PRODUCTS.values() if each.sku == state["skuId"])
                if part in SERVICES:
                    said = self._verdict(place[1], account, part, state["lastUpdatedDateTime"])
                    self.verdicts[part, said] += 1
                    self.idle |= {account["id"]} if said == "idle" else set()

    def _verdict(self, number: int, account: Account, part: str, assigned: str) -> str:
        member = self._tenant.populations["people"].member(number)
        known = {service: self._known[service] for service in SERVICES[part]}
        ages = []
        for service, day in known.items():
            last = activity.last_done(SEED, service, "", day)[member.kind]
            ages.append(day - last if last >= member.joined else DAYS * 100)
        held = max(date.fromisoformat(each[:10]).toordinal() for each in (assigned, account["createdDateTime"]))
        return "active" if min(ages) < DAYS else "new" if max(known.values()) - held < DAYS else "idle"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    simulator = Simulator(users=PEOPLE, seed=SEED)
    yield simulator
    simulator.stop()


@pytest.fixture(scope="module")
def app(simulator: Simulator) -> App:
    """After runs of two days."""
    control = InProcessControl(simulator)
    control.grant()
    control.set_time(THEN)
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
    for now in (THEN, NOW):
        control.set_time(now)
        assert app.pull_run.execute().needing_a_person() == []
    return app


@pytest.mark.parametrize("now", [NOW, THEN], ids=["today", "60 days back"])
def test_who_is_idle_is_who_the_tenant_knows_to_be(app: App, simulator: Simulator, now: datetime) -> None:
    truth = Truth(InProcessControl(simulator), now)
    told = ask(app, "v1.0/idle", {"format": "json", "refreshDate": str(now.date())}, personal=True)
    assert {each["User Id"] for each in value(told)} == truth.idle
    assert len(truth.idle) > 10


@pytest.mark.parametrize("now", [NOW, THEN], ids=["today", "60 days back"])
def test_what_is_told_of_licences_is_what_the_tenant_knows(app: App, simulator: Simulator, now: datetime) -> None:
    truth = Truth(InProcessControl(simulator), now)
    told = ask(app, "v1.0/licences", {"format": "json", "refreshDate": str(now.date())})
    rows = {each["Sku Part Number"]: each for each in value(told)}
    compared = 0
    for part in SERVICES:
        row, counts = rows[part], {name: truth.verdicts[part, name] for name in ("active", "idle", "new")}
        assert row["Assigned"] == sum(counts.values())
        for column, name in (("Active 90 Days", "active"), ("Idle", "idle"), ("New", "new")):
            assert row[column] in (counts[name], None)
            compared += row[column] is not None
    assert compared >= 6
