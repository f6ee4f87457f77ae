"""The keys of hashes: made once, never told, and a damaged one is not replaced in silence."""

from datetime import UTC, datetime, timedelta

import pytest

from local.in_memory import InMemoryBlobStore
from shared.archive.hash_key import PseudonymKey
from shared.archive.layout import ERASED, PSEUDONYMS
from shared.domain.errors import ArchiveUnavailable

NOW = datetime(2026, 11, 20, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def test_a_key_is_made_at_its_first_use_and_stays() -> None:
    store = InMemoryBlobStore()
    key = PseudonymKey(store).current(NOW)
    assert PseudonymKey(store).current(LATER) == key
    assert PseudonymKey(InMemoryBlobStore()).current(NOW).secret != key.secret


def test_a_hash_is_the_same_in_any_letter_case_and_between_blanks() -> None:
    key = PseudonymKey(InMemoryBlobStore()).current(NOW)
    assert key.hash("Ann@Contoso.com ") == key.hash("ann@contoso.com") != key.hash("joann@contoso.com")


def test_a_rotated_key_makes_other_hashes_and_says_since_when() -> None:
    store = InMemoryBlobStore()
    keys = PseudonymKey(store)
    before, after = keys.current(NOW), keys.rotate(LATER)
    assert keys.current(LATER) == after
    assert after.since == LATER
    assert before.hash("ann@contoso.com") != after.hash("ann@contoso.com")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"key": "ab", "since": "2026-11-20T00:00:00+00:00"}'])
def test_a_damaged_key_is_an_error_until_it_is_rotated(content: bytes) -> None:
    store = InMemoryBlobStore()
    store.put(ERASED, PSEUDONYMS, content, {})
    with pytest.raises(ArchiveUnavailable, match=PSEUDONYMS):
        PseudonymKey(store).current(NOW)
    key = PseudonymKey(store).rotate(LATER)
    assert PseudonymKey(store).current(LATER) == key
