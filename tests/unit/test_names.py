"""Which columns of names tell who is who."""

import base64
import hashlib
import string
from collections.abc import Iterable
from itertools import cycle, islice, repeat
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report.frequent import Frequent
from shared.report.names import Names
from shared.report.rows import Rows
from simulator.tenant.names import user

ADDRESSES = [user(1, number).principal for number in range(30)]
PEOPLE = [user(1, number).display for number in range(30)]


def told(**columns: Iterable[str]) -> tuple[str, bool]:
    """Return the verdict of columns (`_` is a blank in a name), and whether it is unsure."""
    names = Names([name.replace("_", " ") for name in columns])
    names.add(Rows.of(zip(*columns.values(), strict=True)))
    return names.verdict, names.is_unsure


def users(values: Iterable[str]) -> tuple[str, bool]:
    return told(User_Principal_Name=values)


def teams(values: Iterable[str]) -> tuple[str, bool]:
    return told(Team_Name=values)


WORD = st.text(string.ascii_letters + string.digits, min_size=1, max_size=12)


@given(st.lists(WORD, min_size=1, unique=True), st.booleans())
def test_an_address_is_a_name_however_regular(words: list[str], is_numbered: bool) -> None:
    locals_of = [f"s{1234567 + number}" for number in range(len(words))] if is_numbered else words
    assert users([f"{each}@school.example" for each in locals_of]) == ("named", False)


@given(st.text(min_size=1, max_size=60).filter(lambda text: text.strip() and "@" not in text), st.integers(3, 400))
def test_one_text_for_everybody_is_no_name(text: str, count: int) -> None:
    assert users([text] * count)[0] == "concealed"
    assert teams([text] * count)[0] == "concealed" or "://" in text


@given(
    st.text("0123456789abcdefABCDEF_+/=-.", min_size=0, max_size=40),
    st.integers(3, 60),
    st.integers(1, 12),
)
def test_tokens_of_one_form_are_no_names_or_flagged(prefix: str, count: int, width: int) -> None:
    tokens = [f"{prefix}{number:0{width}}" for number in range(7, 7 + count)]
    assert users(tokens)[0] == "concealed"
    verdict, is_unsure = teams(tokens)
    assert verdict == "concealed" or is_unsure


@given(st.lists(st.uuids(), min_size=1, unique=True), st.booleans())
def test_hashes_and_ids_are_no_names(ids: list[UUID], is_long: bool) -> None:
    assert teams([each.hex.upper() if is_long else str(each) for each in ids]) == ("concealed", False)


@given(st.binary(max_size=24), st.integers(3, 40))
def test_hashes_in_another_alphabet_are_no_names(key: bytes, count: int) -> None:
    tokens = [base64.b64encode(hashlib.sha256(key + bytes([each])).digest()).decode() for each in range(count)]
    assert users(tokens)[0] == "concealed"
    assert teams(tokens) == ("concealed", False)


@given(st.permutations(range(30)), st.integers(1, 29))
def test_some_names_and_some_that_are_none_are_mixed(order: list[int], share: int) -> None:
    hidden = [f"{number:032X}" for number in range(30)]
    assert users([(ADDRESSES if number < share else hidden)[number] for number in order]) == ("mixed", False)


@pytest.mark.parametrize("share", [0.4, 0.6, 0.9])
def test_one_text_for_many_is_mixed(share: float) -> None:
    values = ["(Unknown)" if number < share * 30 else ADDRESSES[number] for number in range(30)]
    assert users(values)[0] == "mixed"


def test_people_are_named_as_usual() -> None:
    assert told(User_Principal_Name=ADDRESSES, Display_Name=PEOPLE) == ("named", False)
    assert told(User_Principal_Name=ADDRESSES[:1], Display_Name=PEOPLE[:1]) == ("named", False)


def test_principals_that_are_unknown_beside_names_are_mixed() -> None:
    assert told(User_Principal_Name=["(Unknown)"] * 30, Display_Name=PEOPLE)[0] == "mixed"


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["김민수", "이서연", "박지훈", "최수빈"] * 8, id="three signs each"),
        pytest.param(PEOPLE, id="people"),
        pytest.param(["HR", "Project Atlas", "Sales 2026", "Board", "IT"], id="teams"),
        pytest.param(["Ada"] * 2, id="two of one name"),
    ],
)
def test_what_people_call_things_is_a_name(names: list[str]) -> None:
    assert teams(names) == ("named", False)


def test_the_only_person_may_have_many_rows() -> None:
    assert told(User_Principal_Name=["ada@contoso.com"] * 9, Display_Name=["Ada"] * 9) == ("named", False)


def test_one_person_may_own_all_sites() -> None:
    addresses = [f"https://contoso.sharepoint.com/sites/{number}" for number in range(30)]
    owners = {"Owner_Display_Name": ["Ada"] * 30, "Owner_Principal_Name": ["ada@contoso.com"] * 30}
    assert told(Site_URL=addresses, **owners) == ("named", False)


def test_one_owner_does_not_make_one_name_for_all_groups_a_name() -> None:
    groups = {"Group_Display_Name": ["(Unknown)"] * 30, "Owner_Principal_Name": ["ada@contoso.com"] * 30}
    assert told(**groups)[0] == "mixed"


def test_one_address_for_everybody_is_flagged() -> None:
    assert users(["unknown@contoso.com"] * 30) == ("named", True)
    assert users(["unknown@contoso.com"] * 2) == ("named", False)


def test_a_principal_that_is_no_address_is_flagged() -> None:
    assert users([*ADDRESSES, "Somebody Else"]) == ("named", True)
    assert users(PEOPLE) == ("named", True)


def test_numbered_names_are_flagged_and_count_as_names() -> None:
    assert teams([f"Class {number}" for number in range(1, 30)]) == ("named", True)


@pytest.mark.parametrize("blank", ["", "   "], ids=["empty", "spaces"])
def test_names_that_are_blank_for_everybody_are_none(blank: str) -> None:
    assert users([blank] * 5) == ("concealed", False)
    assert told(User_Principal_Name=ADDRESSES[:5], Display_Name=[blank] * 5)[0] == "mixed"


def test_addresses_of_sites_and_owners_may_be_blank() -> None:
    assert told(Site_URL=[""] * 5, Owner_Principal_Name=ADDRESSES[:5]) == ("named", False)
    assert told(Team_Name=PEOPLE, Owner_Principal_Name=[""] * 30) == ("named", False)
    assert told(Site_URL=[""] * 5, Owner_Principal_Name=[""] * 5) == ("concealed", False)


def test_the_tenants_name_is_that_of_nobody() -> None:
    hidden = [f"{number:032X}" for number in range(5)]
    assert told(User_Principal_Name=hidden, Tenant_Display_Name=["Contoso"] * 5) == ("concealed", False)
    assert told(Tenant_Display_Name=["Contoso"] * 5, Teams=["7"] * 5) == ("none", False)


def test_what_version_0_1_would_have_said_is_known() -> None:
    names = Names(["User Principal Name", "Tenant Display Name"])
    names.add(Rows.of([[f"{1:032X}", "Contoso"]]))
    assert (names.verdict, names.former_verdict) == ("concealed", "mixed")


@given(
    st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789"), min_size=1),
    st.integers(1, 300),
    st.integers(1, 300),
)
def test_what_comes_most_often_is_counted_in_the_memory_of_a_few(others: list[str], times: int, at_once: int) -> None:
    frequent = Frequent()
    values = [*islice(cycle(others), 300 - times), *repeat("most", times)]
    for start in range(0, 300, at_once):
        frequent.add(values[start : start + at_once])
    value, counted = frequent.most
    assert times < 150 or (value == "most" and times - 300 // 17 <= counted <= times)
    assert len(vars(frequent)["_counts"]) <= 16
