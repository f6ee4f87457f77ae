"""The tenants of a provider: which there are, the messages that ask for a run of each, and the walls between them."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.in_memory import InMemoryBlobStore
from shared.archive.layout import CONTAINERS, DERIVED, INPUT, USAGE
from shared.archive.run_record import RunRecord
from shared.archive.tenant_blob_store import TenantBlobStore
from shared.archive.tenants import TenantStandings
from shared.domain.errors import BadInput, SettingError
from shared.domain.tenants import PullRequest, Tenant, TenantStanding, tenants_in
from shared.settings import read
from shared.views.inputs import read_tenants

A, B = "0a0a0a0a-1111-2222-3333-444444444444", "0b0b0b0b-1111-2222-3333-444444444444"
CLIENT = "cccccccc-1111-2222-3333-444444444444"
NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
URL = {"ARCHIVE_URL": "https://a.blob.core.windows.net"}


# -- which there are ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [f"{A},{B}", f"{A}\n {B} ", f"{A.upper()}, {B},", f"{A},{B},{A}"])
def test_tenants_are_listed_by_comma_or_newline_each_once(text: str) -> None:
    assert tenants_in(text) == (Tenant(A), Tenant(B))


@pytest.mark.parametrize("wrong", ["contoso.com", A[:-1], f"{A}0", A.replace("-", ""), "{" + A + "}"])
def test_what_is_no_tenant_id_is_named(wrong: str) -> None:
    with pytest.raises(SettingError, match="TENANTS") as raised:
        tenants_in(f"{A}, {wrong}")
    assert repr(wrong) in str(raised.value)


def test_a_file_lists_tenants_with_their_names_and_reports_and_a_wrong_line_stops_no_other() -> None:
    store = InMemoryBlobStore()
    lines = ("Id,Name,Reports", f"{A.upper()},Contoso,all", "contoso.com,Contoso,", f"{A},Again,", f"{B},,")
    store.put(INPUT, "tenants.csv", "\r\n".join(lines).encode(), {})
    tenants, wrong = read_tenants(store)
    assert tenants == [Tenant(A, "Contoso", "all"), Tenant(B)]
    assert [each.partition(":")[0] for each in wrong] == ["tenants.csv, line 3", "tenants.csv, line 4"]


def test_a_file_without_ids_is_an_error_that_says_so() -> None:
    store = InMemoryBlobStore()
    store.put(INPUT, "tenants.csv", b"tenant,name\n", {})
    with pytest.raises(BadInput, match="the columns id"):
        read_tenants(store)


def test_with_tenants_there_is_an_app_that_they_consented_to() -> None:
    with pytest.raises(SettingError, match="TENANTS_CLIENT_ID"):
        read(URL | {"TENANTS": A})


@pytest.mark.parametrize(
    ("graph", "authority", "audience"),
    [
        ("https://graph.microsoft.com", "https://login.microsoftonline.com", "api://AzureADTokenExchange"),
        ("https://graph.microsoft.us", "https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
        ("https://dod-graph.microsoft.us/", "https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov"),
        (
            "https://microsoftgraph.chinacloudapi.cn",
            "https://login.chinacloudapi.cn",
            "api://AzureADTokenExchangeChina",
        ),
    ],
)
def test_each_cloud_exchanges_tokens_at_a_place_of_its_own(graph: str, authority: str, audience: str) -> None:
    assert read(URL | {"GRAPH_ENDPOINT": graph}).cloud == (authority, audience)


# -- messages and standings --------------------------------------------------------------------------------------------


def test_a_message_is_read_as_it_was_written_with_what_a_newer_version_adds() -> None:
    asked = PullRequest(A, NOW)
    assert PullRequest.from_text(asked.to_text()) == asked
    assert PullRequest.from_text(json.dumps(json.loads(asked.to_text()) | {"more": 1})) == asked


@pytest.mark.parametrize(
    "text",
    ["", "0a1b2c", "[]", "{}", "null", f'{{"tenant": "{A}"}}', f'{{"tenant": "{A}", "asked": "2026-11-21T07:15:00"}}'],
)
def test_a_message_of_another_kind_is_an_error_that_quotes_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="JSON with the id of a tenant") as raised:
        PullRequest.from_text(text)
    assert A not in str(raised.value)


def test_a_standing_is_read_as_it_was_kept_and_an_earlier_run_does_not_replace_it() -> None:
    standings = TenantStandings(InMemoryBlobStore())
    for minute in (5, 3):
        standings.keep(A, RunRecord("x", NOW, NOW.replace(minute=minute), [], waiting=minute))
    assert standings.all() == {A: TenantStanding(NOW.replace(minute=5), None, None, 0, 5, 0, "")}


def test_a_standing_from_a_clock_that_was_a_week_ahead_is_replaced_by_the_next_run() -> None:
    standings = TenantStandings(InMemoryBlobStore())
    for at in (NOW + timedelta(days=7), NOW):
        standings.keep(A, RunRecord("x", at, at, [], waiting=0))
    assert standings.all()[A].finished == NOW


@pytest.mark.parametrize(
    "damage", [{"finished": "2026-11-21"}, {"pulled_at": "2026-11-21T07:15:00"}, {"lost": "many"}, {"newest": "soon"}]
)
def test_a_damaged_standing_is_none_and_is_replaced_by_the_next_run(damage: dict[str, str]) -> None:
    store = InMemoryBlobStore()
    standings, record = TenantStandings(store), RunRecord("x", NOW, NOW, [], waiting=0)
    standings.keep(A, record)
    kept = standings.all()
    ((at, blob),) = store.blobs.items()
    store.put(*at, b"", {**blob.metadata, **damage})
    assert standings.all() == {}
    standings.keep(A, record)
    assert standings.all() == kept


@given(
    st.builds(
        TenantStanding,
        finished=st.datetimes(timezones=st.just(UTC)),
        newest=st.none() | st.dates(date(1, 1, 1)),
        pulled_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        lost=st.integers(0),
        waiting=st.integers(0),
        failing=st.integers(0),
        reason=st.sampled_from(["", "no_consent"]),
    )
)
def test_a_standing_fits_into_metadata(standing: TenantStanding) -> None:
    assert TenantStanding.from_metadata(standing.to_metadata()) == standing


# -- the walls ---------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["lease.json", "report=x/period=D7/a.csv.gz", f"tenant={B}/lease.json", "../lease.json", ""])
OPERATIONS = st.lists(
    st.tuples(st.sampled_from(["create", "replace", "stage", "delete", "read"]), st.sampled_from(CONTAINERS), NAMES),
    max_size=12,
)


@given(OPERATIONS)
def test_nothing_that_is_done_in_one_tenant_is_seen_in_another_or_in_the_provider_s_own(
    operations: list[tuple[str, str, str]],
) -> None:
    place = InMemoryBlobStore()
    ours, theirs = TenantBlobStore(place, A), TenantBlobStore(place, B)
    for container in CONTAINERS:
        theirs.create(container, "lease.json", b"theirs", {})
        place.create(container, "lease.json", b"own", {})
    before = {at: kept for at, kept in place.blobs.items()}
    for operation, container, name in operations:
        if not name:
            continue
        if operation == "create":
            ours.create(container, name, b"ours", {})
        elif operation == "replace":
            stored = ours.get(container, name)
            ours.replace_if(container, name, b"ours", {}, stored.etag if stored else None)
        elif operation == "stage":
            ours.commit(container, name, [ours.stage(container, name, io.BytesIO(b"ours"))], {})
        elif operation == "delete":
            ours.delete(container, name)
        else:
            stored = ours.get(container, name)
            assert stored is None or stored.content == b"ours"
            assert all(not blob.name.startswith("tenant=0a") for blob in ours.list(container))
    assert {at: kept for at, kept in place.blobs.items() if at in before} == before
    assert all(name.startswith(f"tenant={A}/") for _, name in place.blobs.keys() - before.keys())


def test_a_tenant_s_listing_has_its_own_names_alone() -> None:
    place = InMemoryBlobStore()
    for tenant in (A, B):
        TenantBlobStore(place, tenant).create(USAGE, f"report=x/{tenant}", b"", {})
    ours = TenantBlobStore(place, A)
    assert [blob.name for blob in ours.list(USAGE)] == [f"report=x/{A}"]
    assert [*ours.list_folders(USAGE)] == ["report=x/"]
    assert [*ours.list_folders(DERIVED)] == []
