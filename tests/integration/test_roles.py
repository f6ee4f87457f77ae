"""The roles that the template gives to the app are tried: each is needed, and no other."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from gzip import decompress
from importlib import import_module
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from local.cli import COMMANDS
from local.environment import environment
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.layout import CONTAINERS, DERIVED, ERASED, INPUT, PERSONAL, PERSONAL_DERIVED, QUARANTINE, USAGE
from shared.domain.errors import ArchiveUnavailable, RunFailed
from shared.identity import ManagedIdentity
from tests.asking import ask
from tests.reliability.storage_proxy import FaultyStorage, Operation
from tests.roles import CONTRIBUTOR, OWNER, QUEUES, READER, Assignment, Principal, assignments
from tests.unit.infra.template import SETS, Infra

GIVEN = assignments(Infra().default)
TO_ARCHIVE = [each for each in GIVEN if each.account == "starch"]
REPORTS = (
    "directory, getOffice365ServicesUserCounts(period='D7'), getOffice365ActiveUserDetail(period='D7'), "
    "getMailboxUsageStorage(period='D7')"
)
OF_THE_HOST = [
    ("create_container", "azure-webjobs-secrets", "", OWNER),
    ("put_blob", "azure-webjobs-secrets", "func-usage/host.json", OWNER),
    ("get", "app-package", "released-package.zip", OWNER),
    ("lease", "azure-webjobs-hosts", "locks/func-usage/Host.Functions.pull.Listener", OWNER),
    ("put_message", "pull", "", QUEUES),
    ("get_messages", "pull", "", QUEUES),
    ("update_message", "pull", "", QUEUES),
    ("delete_message", "pull", "", QUEUES),
    ("create_queue", "pull-poison", "", QUEUES),
    ("put_message", "pull-poison", "", QUEUES),
]
"""What the Functions host does in its own account, and by which role: as documented, for there is no host here.
https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity"""


@pytest.fixture
def storage(stack: Stack, make_app: Callable[..., App], blobs: BlobServiceClient) -> Iterator[FaultyStorage]:
    """A service that checks roles, with the containers that the template makes."""
    for container in (*CONTAINERS, INPUT):
        blobs.create_container(container)
    with FaultyStorage(stack.settings) as storage:
        yield storage


@pytest.fixture
def live(
    storage: FaultyStorage,
    make_app: Callable[..., App],
    control: Control,
    caplog: pytest.LogCaptureFixture,
) -> Callable[[Principal], str]:
    """Runs the app as a principal, reads what it archived, and returns all that it said."""

    def run(principal: Principal) -> str:
        storage.permits = principal.permits
        control.put(
            "roles", {"roles": ["Reports.Read.All", "LicenseAssignment.Read.All", "User.Read.All"], "scopes": []}
        )
        page = {"fault": "page", "match": {"call": "getMailboxUsageStorage*"}, "times": None}
        control.put("faults", {"rules": [page]})
        app = make_app(**storage.settings, REPORTS=REPORTS)
        said = []
        with caplog.at_level("INFO", "usage_archive"):
            try:
                app.pull()
            except (ArchiveUnavailable, RunFailed) as error:
                said.append(str(error))
            said += [each.getMessage() for each in caplog.records]
        for path in ("v1.0/reports", "v1.0/licences"):
            said.append(ask(app, path).body.decode())
        return "\n".join(said)

    return run


def test_a_run_and_its_readers_do_nothing_that_the_roles_do_not_permit(
    live: Callable[[Principal], str], storage: FaultyStorage
) -> None:
    app = Principal(TO_ARCHIVE)
    said = live(app)
    assert app.refused == []
    assert "Storage Blob Data" not in said
    assert {operation.container for operation in storage.seen} == {*CONTAINERS, INPUT}


@pytest.mark.parametrize(
    "taken",
    [
        pytest.param(each, id=each.container, marks=[] if each.container == DERIVED else pytest.mark.long)
        for each in TO_ARCHIVE
    ],
)
def test_without_a_role_the_app_says_which_one_is_missing(live: Callable[[Principal], str], taken: Assignment) -> None:
    said = live(Principal([each for each in TO_ARCHIVE if each != taken]))
    assert f"The role {taken.role} is missing on the container {taken.container}" in said


def test_the_roles_are_the_same_whatever_is_asked_for() -> None:
    for name in SETS:
        assert assignments(Infra().deployed(name)) == GIVEN, name


def reading(*containers: str) -> list[Assignment]:
    return [Assignment(READER, "starch", each) for each in containers]


def writing(*containers: str) -> list[Assignment]:
    return [Assignment(CONTRIBUTOR, "starch", each) for each in containers]


OPERATORS = {
    "verify": (0, reading(USAGE, PERSONAL, DERIVED, PERSONAL_DERIVED, QUARANTINE)),
    "verify --make-tables": (1, reading(USAGE, PERSONAL, QUARANTINE) + writing(DERIVED, PERSONAL_DERIVED)),
    "person nobody": (1, reading(PERSONAL)),
    "export FOLDER --personal": (0, reading(USAGE, PERSONAL, DERIVED, PERSONAL_DERIVED)),
    "erase nobody": (1, reading(USAGE, PERSONAL, PERSONAL_DERIVED, QUARANTINE, INPUT, ERASED)),
    "erase PERSON --yes": (0, [Assignment(OWNER, "starch", each) for each in (*CONTAINERS, INPUT)]),
    "adopt --tenant 0a0a0a0a-1111-2222-3333-444444444444": (0, writing(*CONTAINERS, INPUT)),
    "pseudonyms": (0, writing(ERASED)),
    "pseudonyms --rotate": (0, writing(ERASED, PERSONAL_DERIVED)),
}
"""What an operator does on the archive, how it ends, and the roles that it takes, as the pages say."""


def test_every_verb_of_an_operator_is_tried() -> None:
    on_archives = {name for name, command in COMMANDS.items() if hasattr(import_module(command.module), "opened")}
    assert {verb.split()[0] for verb in OPERATORS} == on_archives


@pytest.mark.long
@pytest.mark.parametrize("verb", OPERATORS)
def test_what_an_operator_does_takes_these_roles_and_says_which_is_missing(
    verb: str,
    live: Callable[[Principal], str],
    storage: FaultyStorage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    live(Principal(TO_ARCHIVE))
    storage.permits = lambda operation: True
    expected, roles = OPERATORS[verb]
    name, *arguments = verb.split()
    blobs = BlobServiceClient(storage.url, ManagedIdentity(), connection_verify=str(storage.ca_file))
    (users,) = blobs.get_container_client(PERSONAL).list_blob_names(name_starts_with="report=users")
    rows = decompress(blobs.get_blob_client(PERSONAL, users).download_blob().readall()).decode("utf-8-sig")
    person = next(csv.DictReader(rows.splitlines()))["User Id"]

    def do(roles: list[Assignment]) -> tuple[int, list[Operation], str]:
        storage.permits = lambda operation: True
        if "--make-tables" in arguments:
            store = AzureBlobStore(storage.url, ManagedIdentity(), str(storage.ca_file))
            for container in (DERIVED, PERSONAL_DERIVED):
                for each in [each.name for each in store.list(container) if each.name.endswith(".parquet")]:
                    store.delete(container, each)
        folder = str(tmp_path / f"for {len(roles)} {roles[0].container if roles else ''}")
        given = [{"FOLDER": folder, "PERSON": person}.get(each, each) for each in arguments]
        operator = Principal(roles)
        storage.permits = operator.permits
        with environment({"ARCHIVE_CA": str(storage.ca_file)}):
            status = import_module(COMMANDS[name].module).main([*given, "--url", storage.url])
        return status, operator.refused, capsys.readouterr().err

    status, refused, said = do(roles)
    assert [str(each) for each in refused] == [], said
    assert status == expected, said
    for taken in roles:
        status, refused, said = do([each for each in roles if each != taken])
        assert (status, {each.container for each in refused}) == (2, {taken.container})
        assert f"is missing on the container {taken.container}" in said


def test_the_host_has_a_role_for_each_of_its_operations_and_no_other_is_enough() -> None:
    of_host = [each for each in GIVEN if each.account == "sthost"]
    for name, place, blob, role in OF_THE_HOST:
        operation = Operation(1, name, "PUT", place, blob)
        assert [each.role for each in of_host if each.permits(operation, "sthost")] == [role], name
    assert {role for *_, role in OF_THE_HOST} == {each.role for each in of_host}


def test_who_may_read_one_container_reads_that_alone(storage: FaultyStorage, blobs: BlobServiceClient) -> None:
    blobs.get_blob_client(USAGE, "x").upload_blob(b"")
    storage.permits = Principal([Assignment(READER, "starch", USAGE)]).permits
    store = AzureBlobStore(storage.url, ManagedIdentity(), str(storage.ca_file))
    assert [each.name for each in store.list(USAGE)] == ["x"]
    with pytest.raises(
        ArchiveUnavailable, match=f"{CONTRIBUTOR} is missing on the container {PERSONAL}; to read alone"
    ):
        [*store.list(PERSONAL)]
    with pytest.raises(ArchiveUnavailable, match=f"{CONTRIBUTOR} is missing on the container {USAGE}"):
        store.create(USAGE, "y", b"", {})


def test_an_older_version_is_deleted_by_an_owner_alone() -> None:
    delete, delete_version = (Operation(1, name, "DELETE", USAGE, "x") for name in ("delete", "delete_version"))
    contributor, owner = (Assignment(role, "starch", USAGE) for role in (CONTRIBUTOR, OWNER))
    assert [each.permits(delete) for each in (contributor, owner)] == [True, True]
    assert [each.permits(delete_version) for each in (contributor, owner)] == [False, True]


def test_the_refusal_of_a_version_names_the_owners_role(storage: FaultyStorage, blobs: BlobServiceClient) -> None:
    """The emulator keeps no versions: what lists them is refused, as what deletes them is in Azure."""
    blobs.get_blob_client(USAGE, "x").upload_blob(b"")
    storage.permits = lambda operation: operation.name == "delete"
    with pytest.raises(ArchiveUnavailable, match=f"{OWNER} is missing on the container {USAGE}"):
        AzureBlobStore(storage.url, ManagedIdentity(), str(storage.ca_file)).delete(USAGE, "x")


def test_the_page_names_every_role_of_the_app() -> None:
    page = (Infra().folder.parent / "docs" / "deploy.md").read_text("utf-8")
    assert not [each for each in GIVEN if f"| the app | {each.role} |" not in page]
