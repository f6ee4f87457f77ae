"""`python3 -m local person`, on archives in a folder."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest

from local.folder import FILES
from local.person import main
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import PERSONAL
from shared.domain.call import Call
from tests.integration.test_views import ACTIVE, ADDRESS, E5, TODAY, USERS, World, did, person

ADA, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
DRIVES = Call("getOneDriveUsageAccountDetail", period="D7")
SINGLE = Call("getTeamsUserActivityUserDetail", date=TODAY - timedelta(days=3))
Rows = list[dict[str, str]]


def days_ago(number: int) -> date:
    return TODAY - timedelta(days=number)


class Lookup:
    """An archive in a folder, and what the command says of it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder = folder
        self.world = World()
        self._capture = capture

    def ask(self, name: str) -> tuple[int, Rows, str]:
        """The exit status, the rows, and what is said besides."""
        store = FolderBlobStore(self.folder / FILES)
        for at, kept in self.world.shelf.memory.blobs.items():
            store.create(*at, kept.content, kept.metadata)
        status = main([name, "--archive", str(self.folder)])
        out, err = self._capture.readouterr()
        return status, [*csv.DictReader(io.StringIO(out.decode(), newline=""))], err.decode()


@pytest.fixture
def lookup(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> Lookup:
    return Lookup(tmp_path / "archive", capsysbinary)


def account(id_: str, address: str) -> dict[str, str]:
    return person(id_, E5) | {ADDRESS: address, "Display Name": "Somebody"}


def told(rows: Rows, column: str) -> set[tuple[str, str, str]]:
    return {(each["Report"], each["Refresh Date"], each["Value"]) for each in rows if each["Column"] == column}


@pytest.mark.parametrize("name", [ADA, ADA.upper(), "old@contoso.com", " New@Contoso.com "])
def test_a_person_is_found_on_all_days_under_every_address_that_was_theirs(lookup: Lookup, name: str) -> None:
    world = lookup.world
    for day, address in (
        (days_ago(400), "old@contoso.com"),
        (days_ago(3), "old@contoso.com"),
        (TODAY, "new@contoso.com"),
    ):
        world.users(account(ADA, address), account(BOB, "bob@contoso.com"), day=day)
        world.active({ADDRESS: address, "Display Name": "Ada"}, did("bob", 1), day=day)
    before = {ADDRESS: "old@contoso.com", "Display Name": "Ada"}
    world.active(before, did("bob", 1), day=days_ago(500))
    world.put(
        SINGLE, days_ago(3), {"User Id": ADA, ADDRESS: "Old@contoso.com"}, {"User Id": BOB, ADDRESS: "bob@contoso.com"}
    )
    world.put(DRIVES, TODAY, {"Owner Principal Name": "new@contoso.com"}, {"Owner Principal Name": "bob@contoso.com"})
    status, rows, said = lookup.ask(name)
    assert (status, said) == (0, f"{ADA}: old@contoso.com from {days_ago(400)} on, new@contoso.com from {TODAY} on.\n")
    days = {days_ago(500): "old", days_ago(400): "old", days_ago(3): "old", TODAY: "new"}
    of_all = {
        (str(call), str(day), f"{address}@contoso.com") for call in (ACTIVE, USERS) for day, address in days.items()
    }
    assert told(rows, ADDRESS) == of_all - {(str(USERS), str(days_ago(500)), "old@contoso.com")} | {
        (str(SINGLE), str(days_ago(3)), "Old@contoso.com")
    }
    assert told(rows, "Owner Principal Name") == {(str(DRIVES), str(TODAY), "new@contoso.com")}
    assert BOB not in {each["Value"] for each in rows}


def test_an_address_of_two_people_is_told_to_be_that_and_each_has_what_was_theirs(lookup: Lookup) -> None:
    world = lookup.world
    for number, id_ in ((9, ADA), (8, ADA), (2, BOB), (1, BOB)):
        world.users(account(id_, "kim@contoso.com"), day=days_ago(number))
        world.active({ADDRESS: "kim@contoso.com", "Display Name": f"Kim {id_[:3].title()}"}, day=days_ago(number))
    status, rows, said = lookup.ask("kim@contoso.com")
    assert (status, rows) == (2, [])
    assert said.splitlines()[1:] == [f"  {ADA} from {days_ago(9)} on", f"  {BOB} from {days_ago(2)} on"]
    for id_ in (ADA, BOB):
        status, rows, _ = lookup.ask(id_)
        assert status == 0
        assert {value for report, _, value in told(rows, "Display Name") if report == str(ACTIVE)} == {
            f"Kim {id_[:3].title()}"
        }


def test_without_a_directory_rows_are_found_by_the_address_and_that_is_said(lookup: Lookup) -> None:
    lookup.world.active(did("ada", 1), did("bob", 1))
    status, rows, said = lookup.ask("ADA@contoso.com")
    assert (status, said.startswith("The directory does not know whose")) == (0, True)
    assert told(rows, ADDRESS) == {(str(ACTIVE), str(days_ago(2)), "ada@contoso.com")}


@pytest.mark.parametrize("name", ["nobody@contoso.com", "da@contoso.com", "", "Ada"])
def test_nobody_of_that_name_is_nobody(lookup: Lookup, name: str) -> None:
    lookup.world.users(account(ADA, "ada@contoso.com") | {"Display Name": "Ada"})
    lookup.world.active(did("ada", 1))
    assert lookup.ask(name) == (1, [], "Nobody has this id or address.\n")


def test_what_could_not_be_searched_is_named_and_the_rest_is_told(lookup: Lookup) -> None:
    world = lookup.world
    world.users(account(ADA, "ada@contoso.com"))
    world.active(did("ada", 1), day=days_ago(5))
    hidden = [{ADDRESS: f"{number:032X}", "Display Name": f"{number:032X}"} for number in range(1, 9)]
    for number in (3, 2):
        world.active(*hidden, day=days_ago(number))
    world.active(did("ada", 1), day=days_ago(1))
    (damaged,) = [at for at in world.shelf.memory.blobs if at[0] == PERSONAL and f"refresh_date={days_ago(1)}" in at[1]]
    world.shelf.memory.put(*damaged, b"rot", world.shelf.memory.blobs[damaged].metadata)
    status, rows, said = lookup.ask(ADA)
    assert status == 1
    assert told(rows, ADDRESS) == {
        (str(ACTIVE), str(days_ago(5)), "ada@contoso.com"),
        (str(USERS), str(TODAY), "ada@contoso.com"),
    }
    place = "report=getOffice365ActiveUserDetail/period=D180"
    assert f"Names are concealed: {place}, {days_ago(3)} to {days_ago(2)}." in said
    assert f"{place}, {days_ago(1)} to {days_ago(1)}." in said


def test_an_archive_that_is_not_there_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([ADA, "--archive", str(tmp_path)]) == 2
    assert "there is no archive" in capsys.readouterr().err
