"""`python3 -m local pseudonyms`, on an archive in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.folder import FILES
from local.pseudonyms import main
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.hash_key import PseudonymKey
from shared.archive.layout import ACCOUNTS, ERASED, PERSONAL_DERIVED, PSEUDONYMS
from tests.integration.test_views import NOW


@pytest.fixture
def store(tmp_path: Path) -> FolderBlobStore:
    store = FolderBlobStore(tmp_path / FILES)
    store.create(PERSONAL_DERIVED, ACCOUNTS, b"made with the former key", {})
    return store


def test_it_says_since_when_and_changes_nothing(
    store: FolderBlobStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = PseudonymKey(store).current(NOW)
    assert main(["--archive", str(tmp_path)]) == 0
    assert "since 2026-11-21T12:00:00Z" in capsys.readouterr().out
    assert PseudonymKey(store).current(NOW) == key


def test_another_key_is_made_and_it_says_what_no_longer_joins(
    store: FolderBlobStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = PseudonymKey(store).current(NOW)
    assert main(["--rotate", "--archive", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "since 2026-11-21T12:00:00Z, does not join" in told
    now = PseudonymKey(store).current(NOW)
    assert now.secret != key.secret
    assert key.secret.hex() not in told
    assert now.secret.hex() not in told
    assert store.get(PERSONAL_DERIVED, ACCOUNTS) is None


def test_a_key_that_is_damaged_is_healed_by_another_one(
    store: FolderBlobStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.create(ERASED, PSEUDONYMS, b"no key", {})
    assert main(["--archive", str(tmp_path)]) == 2
    assert "damaged" in capsys.readouterr().err
    assert main(["--rotate", "--archive", str(tmp_path)]) == 0
    assert "since an unknown time, does not join" in capsys.readouterr().out
    assert PseudonymKey(store).current(NOW)
