"""What is left of a table without a person: their rows go, cells that name them are emptied, every other byte stays."""

from __future__ import annotations

import pytest

from shared.report.erasing import Remainder, Who, url_form

ANN, BOB = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
BOM = "\ufeff"


class Ann(Who):
    """One person, by id and address; from 2026-11-10 on the address is somebody else's."""

    address = "ann@contoso.com"

    def is_id(self, text: str) -> bool:
        return text.strip().casefold() == ANN

    def is_address(self, text: str, day: str, *, is_anothers: bool = False) -> bool:
        return text.strip().casefold() == self.address and not is_anothers and day < "2026-11-10"

    def is_url_form(self, text: str, day: str) -> bool:
        return text == url_form(self.address) and day < "2026-11-10"


def left(*lines: str, is_of_owner: bool = False, delimiter: str = ",", pieces: int = 7) -> tuple[list[str], int]:
    """What is left of lines, and how many rows were touched; however the bytes are cut."""
    body = "".join(lines).encode(errors="surrogateescape")
    table = Remainder(
        [body[start : start + pieces] for start in range(0, len(body), pieces)],
        Ann(),
        is_of_owner=is_of_owner,
        delimiter=delimiter,
    )
    return b"".join(table).decode(errors="surrogateescape").splitlines(keepends=True), table.rows


HEADER = f"{BOM}Report Refresh Date,User Principal Name,Display Name\r\n"


@pytest.mark.parametrize("cell", ["ann@contoso.com", "Ann@Contoso.com", " ann@contoso.com ", '"ann@contoso.com"'])
def test_a_row_goes_whose_address_is_theirs_in_any_form(cell: str) -> None:
    bob = '2026-11-01,bob@contoso.com,"Lee, Bob ""B""\nII"\r\n'
    assert left(HEADER, f"2026-11-01,{cell},Ann Lee\r\n", bob) == (f"{HEADER}{bob}".splitlines(keepends=True), 1)


@pytest.mark.parametrize("cell", ["joann@contoso.com", "ann@contoso.com.au", "ann@contoso", "", "Ann Lee"])
def test_a_row_of_another_address_or_of_the_same_name_stays(cell: str) -> None:
    lines = [HEADER, f"2026-11-01,{cell},Ann Lee\r\n", "\r\n"]
    assert left(*lines) == (lines, 0)


def test_an_id_decides_before_the_address() -> None:
    header = "Report Refresh Date,User Id,User Principal Name\n"
    renamed, given_again = f"2026-11-01,{ANN.upper()},new@contoso.com\n", f"2026-11-01,{BOB},ann@contoso.com\n"
    without_id = "2026-11-01,00000000-0000-0000-0000-000000000000,ann@contoso.com\n"
    assert left(header, renamed, given_again, without_id) == ([header, given_again], 2)


def test_a_row_taken_by_its_id_tells_the_address() -> None:
    table = Remainder([f"User Id,User Principal Name\n{ANN},new@contoso.com\n".encode()], Ann())
    assert [*table] == [b"User Id,User Principal Name\n"]
    assert table.addresses == {(ANN, "new@contoso.com")}


def test_an_address_is_theirs_on_their_days_alone() -> None:
    later = "2026-11-10,ann@contoso.com,Another Ann\r\n"
    assert left(HEADER, "2026-11-09,ann@contoso.com,Ann\r\n", later) == ([HEADER, later], 1)


SITES = "Report Refresh Date,Site URL,Owner Display Name,Owner Principal Name,Files\n"
DRIVE = "https://contoso-my.sharepoint.com/personal/ann_contoso_com"


def test_the_form_of_an_address_in_a_url_counts_as_the_address() -> None:
    of_joann = f"2026-11-01,{DRIVE.replace('ann_', 'joann_')},Joann,joann@contoso.com,2\n"
    inherited = f"2026-11-01,{DRIVE},Boss,boss@contoso.com,3\n"
    same_form = f"2026-11-01,{DRIVE},Ann,ann_contoso@com,4\n"
    rows = [f"2026-11-01,{DRIVE}/,Ann,ann@contoso.com,1\n", of_joann, inherited, same_form]
    assert left(SITES, *rows, is_of_owner=True) == ([SITES, of_joann, same_form], 2)


def test_a_url_counts_without_a_column_of_owners_too() -> None:
    header = "Report Refresh Date,Site URL\n"
    assert left(header, f"2026-11-01,{DRIVE}\n", "2026-11-01,https://contoso.com/x\n")[1] == 1


def test_the_owners_cells_of_what_is_not_theirs_are_emptied_and_no_other_byte_changes() -> None:
    row = '2026-11-01,https://contoso.sharepoint.com/sites/x,"Lee, Ann",{},"1 ""2"""\r\n'
    assert left(SITES, row.format("ann@contoso.com")) == (
        [SITES, '2026-11-01,https://contoso.sharepoint.com/sites/x,,,"1 ""2"""\r\n'],
        1,
    )
    assert left(SITES, row.format("bob@contoso.com")) == ([SITES, row.format("bob@contoso.com")], 0)


def test_a_drive_without_a_url_is_its_owners() -> None:
    row = "2026-11-01,,Ann,ann@contoso.com,1\n"
    assert left(SITES, row, is_of_owner=True) == ([SITES], 1)
    assert left(SITES, row, is_of_owner=False) == ([SITES, "2026-11-01,,,,1\n"], 1)


def test_a_file_of_the_organisation_has_other_names_and_other_delimiters() -> None:
    header = "userPrincipalName;Cost Centre;Manager\n"
    lines = [
        header,
        "ann@contoso.com;1;\n",
        "bob@contoso.com;2,5;Ann@contoso.com\n",
        "cy@contoso.com;3;bob@contoso.com\n",
    ]
    assert left(*lines, delimiter=";") == ([header, "bob@contoso.com;2,5;\n", lines[3]], 2)


@pytest.mark.parametrize(
    "body",
    ["", "x", '"', 'a,"b', 'a\n"x"y,ann@contoso.com\n', "\udcff\udcfe\0\n,\r\r\n", "<html>" * 9, "a,b\n" * 30_000],
)
def test_what_is_no_report_passes_unchanged_byte_by_byte(body: str) -> None:
    kept, rows = left(body, pieces=65_537)
    assert ("".join(kept), rows) == (body, 0)


def test_quotes_that_readers_take_in_several_ways_keep_their_values() -> None:
    header = "A,Owner Principal Name,B\n"
    assert left(header, 'x"y,z,ann@contoso.com\n')[0] == [header, '"x""y",z,\n']
