"""Many tenants in one app: token by federation, a run of each by message, an archive of each, and how all stand."""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from local.certificate import certificate
from local.functions_host.deployed import deployed
from local.in_memory import InMemoryBlobStore, Operation
from shared import events
from shared.app import App
from shared.domain.tenants import PullRequest
from shared.fleet import Fleet
from shared.settings import read
from shared.web.http import Request, Response, handle
from simulator import Simulator
from simulator.protocol.messages import Request as ControlRequest
from tests.integration.test_powerbi_requests import examples
from tests.reliability.tenants.fleet import CLIENT, NOW, settings_of, simulated

COUNTS, DETAIL = "getOffice365ActiveUserCounts(period='D7')", "getOffice365ActiveUserDetail(period='D7')"
FOUR = "getOffice365ActiveUserCounts"
"""One after the other."""
NOBODY = "dddddddd-1111-2222-3333-444444444444"


class Provider:
    """A provider of three customers, and the app that archives them."""

    def __init__(self, simulator: Simulator, settings: dict[str, str]) -> None:
        self.simulator = simulator
        self.store = InMemoryBlobStore(self._around)
        self.disturb: Callable[[Operation], object] = lambda operation: None
        self.ids = [*simulator.tenants]
        self.settings = settings
        self.queue: list[str] = []
        self.begin()

    def begin(self, **settings: str) -> None:
        """Begin a new process with other settings."""
        app = App(
            read(self.settings | settings), self.simulator.clock.now, store=self.store, sleep=lambda seconds: None
        )
        self.fleet = Fleet(app)

    def _around(self, operation: Operation, carry_out: Callable[[], object]) -> object:
        self.disturb(operation)
        return carry_out()

    def run(self) -> None:
        """Let the timer fire, and deliver all messages once."""
        self.fleet.pull_all(self.queue.extend)
        while self.queue:
            message = self.queue.pop(0)
            self.fleet.pull_one(message, message, self.queue.append)

    def control(self, path: str, **change: object) -> None:
        answer = self.simulator.steer(ControlRequest("PUT", path, {}, json.dumps(change).encode()))
        assert answer.status == 200, answer.body

    def requests(self) -> int:
        """How many requests Graph got."""
        return sum(entry.listener == "graph" for entry in self.simulator.record.entries())

    def ask(
        self, path: str, *, personal: bool = False, signed_in: str = "", query: Mapping[str, str] | None = None
    ) -> Response:
        headers = {"x-ms-client-principal": signed_in} if signed_in else {}
        request = Request("GET", path, query=query or {}, headers=headers)
        return handle(request, lambda request: self.fleet.api.answer(request, personal=personal))

    def states(self) -> dict[str, str]:
        return {each["tenant"]: each["state"] for each in json.loads(self.ask("").body)["value"]}

    def bodies(self, tenant: str) -> set[bytes]:
        """What is archived of a tenant."""
        start = f"tenant={tenant}/report="
        return {kept.content for (container, name), kept in self.store.blobs.items() if name.startswith(start)}


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("login"))


@pytest.fixture
def provider(login: tuple[Path, Path]) -> Iterator[Provider]:
    with simulated(login, tenants=3) as simulator:
        yield Provider(simulator, settings_of(simulator) | {"REPORTS": f"{COUNTS}, {DETAIL}"})


def test_each_tenant_s_reports_are_archived_below_its_id_and_nowhere_else(provider: Provider) -> None:
    provider.run()
    first, second, third = map(provider.bodies, provider.ids)
    assert first
    assert first.isdisjoint(second | third)
    assert {name.partition("/")[0] for _, name in provider.store.blobs} == {
        "tenants",
        *(f"tenant={id_}" for id_ in provider.ids),
    }
    assert set(provider.states().values()) == {"up_to_date"}
    assert provider.fleet.health().body == b"healthy"


def test_a_tenant_s_archive_is_served_below_its_id_and_names_itself_in_links(provider: Provider) -> None:
    provider.run()
    own, other = (provider.ask(f"{id_}/v1.0/reports/{COUNTS}") for id_ in provider.ids[:2])
    assert (own.status, other.status) == (200, 200)
    assert own.body != other.body
    assert f"/api/tenants/{provider.ids[0]}/v1.0/reports/" in own.headers["Link"]
    assert provider.ask(f"{provider.ids[0]}/status").status == 200


def test_the_series_of_all_tenants_is_one_table_with_the_tenant_in_front(provider: Provider) -> None:
    provider.run()
    of_each = [provider.ask(f"{id_}/v1.0/reports/{COUNTS}/series").body.splitlines() for id_ in provider.ids]
    expected = [b"Tenant," + of_each[0][0]]
    expected += [
        id_.encode() + b"," + line for id_, lines in zip(provider.ids, of_each, strict=True) for line in lines[1:]
    ]
    together = provider.ask(f"all/v1.0/reports/{COUNTS}/series")
    assert (together.status, together.body.splitlines()) == (200, expected)
    assert len(expected) == 1 + 3 * 7


def test_the_examples_of_the_query_to_paste_into_power_bi_get_rows_of_one_tenant_and_of_all(provider: Provider) -> None:
    provider.begin(REPORTS="getOffice365ActiveUserCounts(period='D180')")
    provider.run()
    of_tenants = [(path, query) for path, query in examples() if path.startswith("tenants/")]
    assert len(of_tenants) == 2
    columns = []
    for path, query in of_tenants:
        below = path.removeprefix("tenants/").replace("11111111-2222-3333-4444-555555555555", provider.ids[0])
        answer = provider.ask(below, query=query)
        assert answer.body.count(b"\n") > 1
        columns.append(answer.body.partition(b",")[0])
    assert columns == [b"Report Refresh Date", b"Tenant"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"all/v1.0/reports/{DETAIL}/series", 404),
        (f"all/v1.0/reports/{COUNTS}", 404),
        ("all/status", 404),
        ("all/v1.0/reports/noReport/series", 404),
    ],
)
def test_of_all_tenants_there_is_no_more_than_series_without_persons(
    provider: Provider, path: str, status: int
) -> None:
    provider.run()
    assert provider.ask(path).status == status
    assert provider.ask(path, personal=True).status == 404


@pytest.mark.parametrize(
    "path", ["v1.0/reports/" + DETAIL, "personal/v1.0/reports/" + DETAIL, "/personal/v1.0/reports"]
)
def test_no_path_of_the_function_without_persons_leads_to_them(provider: Provider, path: str) -> None:
    provider.run()
    assert provider.ask(f"{provider.ids[0]}/{path}").status == 404
    assert provider.ask(f"{provider.ids[0]}/v1.0/reports/{DETAIL}", personal=True).status == 200


def test_persons_of_a_tenant_are_told_without_who_they_are_by_hashes_of_its_own(provider: Provider) -> None:
    provider.run()
    path = f"v1.0/reports/{DETAIL}"
    first, second = (
        handle(Request("GET", f"{id_}/{path}"), provider.fleet.api.pseudonymous) for id_ in provider.ids[:2]
    )
    assert (first.status, second.status) == (200, 200)
    named = provider.ask(f"{provider.ids[0]}/{path}", personal=True).body
    address = next(cell for cell in named.split(b",") if b"@" in cell)
    assert address not in first.body
    keys = {kept.content for (_, name), kept in provider.store.blobs.items() if name.endswith("/pseudonyms.json")}
    assert len(keys) == 2


@pytest.mark.parametrize("path", ["", "all/v1.0/reports/x/series", "status", f"{NOBODY}/v1.0/reports"])
def test_below_the_key_of_pseudonyms_there_is_nothing_else(provider: Provider, path: str) -> None:
    assert handle(Request("GET", path), provider.fleet.api.pseudonymous).status == 404


def test_with_no_tenants_set_the_app_is_that_of_its_own_tenant(provider: Provider) -> None:
    provider.begin(TENANTS="", TENANTS_CLIENT_ID="")
    provider.run()
    assert {name.partition("=")[0] for container, name in provider.store.blobs if container == "usage"} == {"report"}
    answer = provider.ask("")
    assert (answer.status, json.loads(answer.body)["code"]) == (404, "unknown_path")


def test_health_is_that_of_all_tenants_together(provider: Provider) -> None:
    words = [provider.fleet.health()]
    provider.control("/consent", tenant=provider.ids[0], error="AADSTS65001")
    provider.run()
    words += [provider.fleet.health()]
    provider.simulator.clock.set(NOW + timedelta(days=2), running=False)
    words += [provider.fleet.health()]
    assert [(word.status, word.body) for word in words] == [(200, b"starting"), (200, b"healthy"), (503, b"stopped")]


@pytest.mark.parametrize("id_", [NOBODY, "contoso.com", "v1.0"])
def test_an_archive_of_a_tenant_that_is_not_listed_is_not_found(provider: Provider, id_: str) -> None:
    answer = provider.ask(f"{id_}/v1.0/reports")
    assert (answer.status, json.loads(answer.body)["code"]) == (404, "unknown_tenant")


@pytest.mark.parametrize("error", ["AADSTS65001", "AADSTS7000229"])
def test_a_tenant_that_took_its_consent_back_is_refused_alone_and_its_consent_url_is_told(
    provider: Provider, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = provider.ids[0]
    provider.control("/consent", tenant=first, error=error)
    provider.run()
    assert provider.states() == {first: "no_consent", **dict.fromkeys(provider.ids[1:], "up_to_date")}
    (told, *_) = json.loads(provider.ask("").body)["value"]
    assert told["consentUrl"] == f"{provider.simulator.login}/{first}/adminconsent?client_id={CLIENT}"
    assert f"The tenant has not consented to the app: {error}." in caplog.text
    provider.control("/consent", tenant=first, error="")
    provider.simulator.clock.set(NOW + timedelta(hours=6), running=False)
    provider.run()
    assert provider.states()[first] == "up_to_date"


def test_every_line_of_a_run_says_of_which_tenant_it_is(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    provider.fleet.pull_one(PullRequest(provider.ids[0], NOW).to_text(), "1", print)
    lines = [line for line in caplog.messages if line.startswith((events.PULL, "run."))]
    assert {events.RUN_FINISHED, "pull.published"} <= {line.partition(" ")[0] for line in lines}
    assert all(f'"tenant": "{provider.ids[0]}"' in line for line in lines)


def test_a_tenant_that_throttles_everything_costs_no_other_a_request(provider: Provider) -> None:
    provider.control("/neighbour", tenant=provider.ids[1], function="*", used=40)
    provider.run()
    assert [state == "up_to_date" for state in provider.states().values()] == [True, False, True]


def test_a_message_that_comes_twice_asks_graph_once(provider: Provider) -> None:
    provider.fleet.pull_all(provider.queue.extend)
    message = provider.queue[0]
    provider.fleet.pull_one(message, "1", provider.queue.append)
    before, requests = dict(provider.store.blobs), provider.requests()
    provider.fleet.pull_one(message, "2", provider.queue.append)
    assert (provider.requests(), dict(provider.store.blobs)) == (requests, before)


def test_several_messages_at_once_in_one_process_are_as_one_after_the_other(provider: Provider) -> None:
    provider.fleet.pull_all(provider.queue.extend)
    with ThreadPoolExecutor(3) as pool:
        [*pool.map(lambda message: provider.fleet.pull_one(message, message, print), provider.queue)]
    assert set(provider.states().values()) == {"up_to_date"}
    first, second, third = map(provider.bodies, provider.ids)
    assert first
    assert first.isdisjoint(second | third)


def test_a_tenant_without_a_run_while_two_were_due_is_told_by_the_timer(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.fleet.pull_all(provider.queue.extend)
    for message in provider.queue[1:]:
        provider.fleet.pull_one(message, message, print)
    assert events.TENANT_STOPPED not in caplog.text
    provider.simulator.clock.set(NOW + timedelta(days=1), running=False)
    provider.fleet.pull_all(provider.queue.extend)
    told = [line for line in caplog.messages if line.startswith(events.TENANT_STOPPED)]
    assert len(told) == 2
    assert provider.ids[1] in told[0]


class Killed(BaseException):
    """The process of a run was killed."""


@pytest.mark.parametrize("step", ["/runs/", "/tenants/"], ids=["before its record", "after its record"])
def test_a_message_whose_process_was_killed_is_done_when_it_comes_again(provider: Provider, step: str) -> None:
    def kill(operation: Operation) -> None:
        if operation.name == "put_blob" and step in f"/{operation.blob}":
            raise Killed

    take_long(provider)
    provider.fleet.pull_all(provider.queue.extend)
    message = provider.queue.pop(0)
    provider.queue.clear()
    provider.disturb = kill
    with pytest.raises(Killed):
        provider.fleet.pull_one(message, "1", provider.queue.append)
    provider.disturb = lambda operation: None
    provider.begin(REPORTS=FOUR)
    provider.fleet.pull_one(message, "1", provider.queue.append)
    assert provider.states()[provider.ids[0]] == "up_to_date"
    assert len(provider.queue) == 1  # for the rest


def test_a_run_whose_time_is_over_asks_for_another_one_until_all_is_archived(provider: Provider) -> None:
    take_long(provider)
    provider.fleet.pull_all(provider.queue.extend)
    provider.queue = provider.queue[:1]
    runs = 0
    while provider.queue:
        runs += 1
        message = provider.queue.pop(0)
        provider.fleet.pull_one(message, message, provider.queue.append)
    assert 1 < runs <= 4
    assert len([name for container, name in provider.store.blobs if container == "usage"]) == 4


def take_long(provider: Provider) -> None:
    """Let a run have time for one or two of four calls."""
    clock = provider.simulator.clock

    def wait(listener: str, request: object) -> None:
        if listener == "graph":
            clock.set(clock.now() + timedelta(minutes=15), running=False)

    provider.simulator.before = wait
    provider.begin(REPORTS=FOUR)


def test_a_message_for_a_tenant_that_was_removed_is_dropped_and_told(
    provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    provider.fleet.pull_one(PullRequest(NOBODY, NOW).to_text(), "1", provider.queue.append)
    assert events.TENANT_UNKNOWN in caplog.text
    assert provider.requests() == 0


def test_a_tenant_that_is_put_back_goes_on_where_it_was(provider: Provider) -> None:
    provider.run()
    archived = provider.bodies(provider.ids[0])
    provider.begin(TENANTS=",".join(provider.ids[1:]))
    assert provider.ask(f"{provider.ids[0]}/v1.0/reports").status == 404
    provider.begin()
    assert provider.ask(f"{provider.ids[0]}/v1.0/reports/{COUNTS}").status == 200
    assert provider.bodies(provider.ids[0]) == archived


def principal(**claims: str) -> str:
    told = {"auth_typ": "aad", "claims": [{"typ": name, "val": value} for name, value in claims.items()]}
    return b64encode(json.dumps(told).encode()).decode()


ENTRA = {"HTTP_AUTH_LEVEL": "ANONYMOUS", "WEBSITE_AUTH_ENABLED": "True"}


def statuses(provider: Provider, signed_in: str) -> list[int]:
    """What is answered to who asks for the fleet, a series of all, the first tenant and the second."""
    paths = ["", f"all/v1.0/reports/{COUNTS}/series", *(f"{id_}/v1.0/reports/{COUNTS}" for id_ in provider.ids[:2])]
    return [provider.ask(path, signed_in=signed_in).status for path in paths]


def test_where_entra_guards_the_app_a_customer_reads_its_own_archive_alone(provider: Provider) -> None:
    provider.run()
    provider.begin(**ENTRA)
    member = {"tid": provider.ids[0]}
    assert statuses(provider, principal(**member)) == [404, 404, 200, 404]
    assert statuses(provider, principal(**member, roles="Tenants.Read.All")) == [200] * 4


@pytest.mark.parametrize("claims", [{"tid": NOBODY}, {"idp": "live.com"}, {"roles": "Other.Role"}, {}])
def test_a_guest_and_somebody_of_another_tenant_read_nothing(provider: Provider, claims: dict[str, str]) -> None:
    provider.run()
    provider.begin(**ENTRA)
    assert statuses(provider, principal(**({"tid": provider.ids[0]} if "idp" in claims else {}), **claims)) == [404] * 4


@pytest.mark.parametrize("text", ["", "e30=", "not base64!", b64encode(b"[1]").decode()])
def test_a_header_that_tells_of_nobody_opens_nothing(provider: Provider, text: str) -> None:
    provider.run()
    provider.begin(**ENTRA)
    assert statuses(provider, text) == [404] * 4


def test_a_header_that_the_caller_wrote_opens_nothing_where_entra_does_not_guard_the_app(provider: Provider) -> None:
    provider.run()
    provider.begin(HTTP_AUTH_LEVEL="ANONYMOUS")
    assert statuses(provider, principal(tid=provider.ids[0], roles="Tenants.Read.All")) == [404] * 4


def test_each_tenant_may_have_reports_of_its_own_in_the_file(provider: Provider) -> None:
    first, second, _ = provider.ids
    lines = f'id,name,reports\n{first},Contoso,"{COUNTS}"\n{second},Fabrikam,\nfabrikam.com,,\n'
    provider.store.put("usage-input", "tenants.csv", lines.encode(), {})
    provider.begin(TENANTS="@")
    provider.run()
    fleet = json.loads(provider.ask("").body)
    assert [each["name"] for each in fleet["value"]] == ["Contoso", "Fabrikam"]
    assert len(fleet["wrong"]) == 1
    assert provider.ask(f"{first}/v1.0/reports/{DETAIL}", personal=True).status == 404
    assert provider.ask(f"{second}/v1.0/reports/{DETAIL}", personal=True).status == 200


def test_under_microsofts_runtime_the_timer_asks_for_each_tenant_and_the_queue_pulls_it(
    provider: Provider, tmp_path: Path, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    first, second, _ = provider.ids
    provider.control("/consent", tenant=second, error="AADSTS700016")
    settings = provider.settings | {
        "ARCHIVE_URL": f"file://{tmp_path}/archive",
        "PULL_SCHEDULE": "0 15 1,7,13,19 * * *",
    }
    with deployed(settings, provider.simulator.clock.now) as host:

        def get(path: str, function: str) -> requests.Response:
            return requests.get(f"{host.url}/api/{path}", params={"code": host.keys[function]}, timeout=30)

        def states() -> list[str]:
            return [each["state"] for each in get("tenants", "tenants").json()["value"]]

        assert states() == ["awaited"] * 3
        host.run_timer("pull")
        eventually(lambda: states() == ["up_to_date", "no_consent", "up_to_date"])
        assert host.queues["pulls"].poison.peek() == []
        persons = f"tenants/{first}/personal/v1.0/reports/{DETAIL}"
        assert [get(persons, function).status_code for function in ("personal_tenants", "tenants")] == [200, 401]
        hashes = persons.replace("personal", "pseudonymous")
        functions = ("pseudonymous_tenants", "personal_tenants", "tenants")
        assert [get(hashes, function).status_code for function in functions] == [200, 401, 401]
        counts = f"tenants/{first}/v1.0/reports/{COUNTS}"
        assert [get(counts, function).status_code for function in ("tenants", "reports")] == [200, 401]
