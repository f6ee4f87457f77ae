"""Which columns of reports with people are told to those who may not know who it is, and what becomes of cells."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.catalogue import Report, catalogue
from shared.report.csv_records import records, same, to_csv
from shared.report.pseudonymous import LEFT_OUT, OTHER, Traits, kind_of, pseudonymous, told_traits

PERSONAL = [report for report in catalogue().reports.values() if report.personal_data]
HEADERS = [(report, header) for report in PERSONAL for header in report.headers]
ACTIVE = catalogue().reports["getOffice365ActiveUserDetail"]
USERS = catalogue().reports["users"]
LEAST = 5


class Marked:
    """Hashes that tests can read."""

    def person(self, id_: str, address: str, deleted: date | None = None) -> str:
        return f"person-{sum(map(ord, id_ or address))}"

    def thing(self, kind: str, id_: str) -> str:
        return f"{kind}-{sum(map(ord, id_))}"


def canaries(number: int) -> list[str]:
    """All that names one of 25 people."""
    name = f"Kanarie{number:02}"
    site = f"https://contoso-my.sharepoint.com/personal/{name.lower()}_contoso_com"
    id_ = f"ca9a12ee-0000-4000-8000-{number:012}"
    return [f"{name}@contoso.com", f"{name} Vogel", site, f"{name.lower()}_contoso_com", id_, f"Head of {name}"]


def body(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    return "\ufeff".encode() + b"".join(to_csv([header, *rows]))


def told(report: Report, header: Sequence[str], rows: Sequence[Sequence[str]], least: int = LEAST) -> list[list[str]]:
    return [*records(pseudonymous(report, body(header, rows), Marked(), least))]


def columns(report: Report, **cells: Sequence[str]) -> dict[str, list[str]]:
    """What is told, by column; `cells` are given by column, with _ for a blank."""
    header = [name.replace("_", " ") for name in cells]
    first, *rows = told(report, header, list(zip(*cells.values(), strict=True)))
    return {name: [row[place] for row in rows] for place, name in enumerate(first)}


def test_every_documented_column_of_people_is_told_or_left_out_on_purpose() -> None:
    undecided = {
        f"{report.name}: {column}"
        for report, header in HEADERS
        for column in header
        if not kind_of(report, column) and same(column) not in LEFT_OUT
    }
    assert not undecided


@pytest.mark.parametrize("everywhere", [False, True], ids=["where they belong", "in every cell"])
def test_no_canary_of_25_people_is_told_in_any_report(everywhere: bool) -> None:
    assert len(HEADERS) > 25
    for report, header in HEADERS:
        columns = [*header, "Manager", "Employee Name (2)", header[1]]
        rows = [list(_row(columns, number, everywhere)) for number in range(25)]
        text = pseudonymous(report, body(columns, rows), Marked(), LEAST).decode().casefold()
        found = [each for number in range(25) for each in canaries(number) if each.casefold() in text]
        assert not found, (report.name, found)
        assert len(text.splitlines()) == 26


def _row(columns: Sequence[str], number: int, everywhere: bool) -> Iterator[str]:
    address, name, site, form, id_, title = canaries(number)
    for place, column in enumerate(columns):
        low = column.lower()
        if everywhere:
            yield canaries(number)[place % 6]
        elif low.endswith("date"):
            yield "2026-11-18"
        else:
            texts = {"url": site, "id": id_, "principal name": address, "name": name, "title": title, "manager": form}
            yield next((text for end, text in texts.items() if low.endswith(end)), name if "(2)" in column else "7")


def test_a_column_that_nobody_has_looked_at_is_left_out() -> None:
    new = {"Mother_Of": ["Bob"], "Country": ["FR"], "Call_Count": ["7"]}  # of which the last are told in others
    found = columns(ACTIVE, User_Principal_Name=["ann@contoso.com"], Has_Teams_License=["True"], **new)
    assert [*found] == ["User Principal Name", "Has Teams License"]


def test_a_day_that_colleagues_know_of_somebody_is_left_out() -> None:
    mailboxes = catalogue().reports["getMailboxUsageDetail"]
    days = {name: ["2026-11-18"] for name in ("Created_Date", "Deleted_Date", "Last_Activity_Date")}
    assert [*columns(mailboxes, User_Principal_Name=["ann@contoso.com"], **days)][1:] == ["Last Activity Date"]


def test_a_cell_that_is_not_what_its_column_holds_is_left_out() -> None:
    found = columns(
        catalogue().reports["getTeamsUserActivityUserDetail"],
        Call_Count=["7", "Ann", "5.3E+10"],
        Last_Activity_Date=["2026-11-18", "Ann's birthday", "2026-11-18T00:00:00"],
        Is_Deleted=["False", "Ann", "True"],
        Audio_Duration=["PT1H2M", "Ann", "P1DT3S"],
    )
    assert Counter(found["Call Count"]) == Counter(["7", "", "5.3E+10"])
    assert Counter(found["Last Activity Date"]) == Counter(["2026-11-18", "", "2026-11-18"])
    assert Counter(found["Is Deleted"]) == Counter(["False", "", "True"])
    assert Counter(found["Audio Duration"]) == Counter(["PT1H2M", "", "P1DT3S"])


def test_a_sign_in_is_told_by_its_day() -> None:
    found = columns(USERS, User_Id=["a"], Last_Sign_In_Date_Time=["2026-11-18T08:09:10Z"])
    assert found["Last Sign In Date Time"] == ["2026-11-18"]


@given(st.permutations(range(12)))
def test_the_order_of_rows_says_nothing(order: list[int]) -> None:
    header = ["User Principal Name", "Has Teams License"]
    rows = [[f"p{number}@contoso.com", "True"] for number in range(12)]
    assert told(ACTIVE, header, [rows[place] for place in order]) == told(ACTIVE, header, rows)


def test_who_has_no_address_has_no_hash() -> None:
    zero = "00000000-0000-0000-0000-000000000000"
    found = columns(USERS, User_Id=[zero, ""], User_Principal_Name=["", "  "], Account_Enabled=["True", "True"])
    assert found["User Id"] == ["", ""]


def test_a_department_of_too_few_is_not_told_nor_who_is_left_when_the_others_are_known() -> None:
    departments = ["Sales"] * 9 + ["Law"] * 4 + ["R&D"] * 6
    found = columns(USERS, User_Id=[f"u{n}" for n in range(19)], Department=departments)
    assert Counter(found["Department"]) == {"Sales": 9, OTHER: 10}


def test_several_rows_of_one_person_are_one_person() -> None:
    activations = catalogue().reports["getOffice365ActivationsUserDetail"]
    addresses = ["ann@contoso.com"] * 5 + [f"u{number}@contoso.com" for number in range(5)]
    products = ["VISIO"] * 5 + ["OFFICE"] * 5
    found = columns(activations, User_Principal_Name=addresses, Product_Type=products)
    assert "VISIO" not in found["Product Type"]


PEOPLE = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from("12")), max_size=60)


@given(PEOPLE, st.integers(3, 8))
def test_whatever_is_told_together_is_told_of_enough_people(people: list[Traits], least: int) -> None:
    shared: dict[Traits, set[str]] = {}
    for number, traits in enumerate(people):
        shared.setdefault(traits, set()).add(str(number))
    found = told_traits(shared, least)
    sizes = Counter(found[traits] for traits in people)
    for length in (1, 2, 3):
        for told_, size in Counter(found[traits][:length] for traits in people).items():
            assert size >= least or (len(people) < least and {*told_} == {OTHER})
    for traits in shared:
        assert all(told_ in (own, OTHER) for own, told_ in zip(traits, found[traits], strict=True))
    assert sum(sizes.values()) == len(people)


def test_the_form_is_that_in_which_graph_sends_it() -> None:
    content = pseudonymous(ACTIVE, body(["User Principal Name"], [["ann@contoso.com"]]), Marked(), LEAST)
    assert content.startswith("\ufeff".encode())
    assert content.endswith(b"\r\n")
    assert len([*csv.reader(io.StringIO(content.decode("utf-8-sig")))]) == 2
    assert pseudonymous(ACTIVE, b"", Marked(), LEAST) == "\ufeff\r\n".encode()


def test_what_is_no_csv_is_an_error() -> None:
    with pytest.raises(ValueError, match="CSV"):
        pseudonymous(ACTIVE, b'a,"b\n', Marked(), LEAST)
