"""Whose each address was on which day, as it is kept for pseudonyms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.archive.hash_key import HashKey
from shared.views.people import Person
from shared.views.pseudonyms import KeptAccounts, hash_of

KEY = HashKey(bytes(range(32)), datetime(2026, 11, 1, tzinfo=UTC))
START = date(2026, 1, 1)
TENANT = st.lists(st.dictionaries(st.sampled_from("xyz"), st.sampled_from("abc")), min_size=1, max_size=8)
"""On each day who has which address."""


def kept(days: Sequence[Mapping[str, str]], created: str = "") -> KeptAccounts:
    accounts = KeptAccounts(KEY)
    for number, holders in enumerate(days):
        people = [Person._make([id_, name, *[""] * 8, created, "", ""]) for name, id_ in holders.items()]
        accounts = accounts.after(START + timedelta(days=number), people, str(number))
    return accounts


def holder(accounts: KeptAccounts, name: str, number: int) -> str | None:
    return accounts.holder(hash_of(KEY, "address", name), START + timedelta(days=number))


@given(TENANT)
def test_on_each_day_an_address_is_that_of_whom_the_directory_said(days: list[dict[str, str]]) -> None:
    accounts = kept(days)
    for number, holders in enumerate(days):
        for name in holders:
            assert holder(accounts, name, number) == hash_of(KEY, "person", holders[name])


@given(TENANT, st.integers(0, 7))
def test_what_is_left_when_days_expire_is_right_for_those_that_are_left(days: list[dict[str, str]], gone: int) -> None:
    accounts = kept(days).since(START + timedelta(days=gone))
    for number, holders in list(enumerate(days))[gone:]:
        for name in holders:
            assert holder(accounts, name, number) == hash_of(KEY, "person", holders[name])
    assert {*accounts.holders} == {hash_of(KEY, "address", name) for holders in days[gone:] for name in holders}


@given(TENANT)
def test_it_is_read_as_it_was_stored_under_the_same_key_alone(days: list[dict[str, str]]) -> None:
    accounts = kept(days, "2020-01-01T00:00:00Z")
    assert KeptAccounts(KEY).read(accounts.to_bytes()) == accounts
    other = KeptAccounts(KEY._replace(secret=bytes(32)))
    assert other.read(accounts.to_bytes()) == other


def test_before_the_first_day_an_address_is_that_of_its_first_holder_if_the_account_was_there() -> None:
    assert holder(kept([{"x": "a"}], "2025-06-01T00:00:00Z"), "x", -30) == hash_of(KEY, "person", "a")
    assert holder(kept([{"x": "a"}], "2025-12-15T00:00:00Z"), "x", -30) is None
    assert holder(kept([{"x": "a"}]), "y", 0) is None


def test_what_stays_the_same_takes_no_more_room_with_each_day() -> None:
    ((one,),) = kept([{"x": "a"}] * 5).holders.values()
    assert (one.first, one.last) == (str(START), str(START + timedelta(days=4)))
