"""The folder of a local archive."""

from __future__ import annotations

from pathlib import Path

from local.folder import FILES, clear


def test_what_an_earlier_deletion_left_goes_too(tmp_path: Path) -> None:
    for name in (FILES, f"{FILES}.deleted"):
        (tmp_path / name / "usage").mkdir(parents=True)
        (tmp_path / name / "usage" / "blob").write_bytes(b"1")
    (tmp_path / "tenant.json").write_text("{}")
    clear(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["in-use.lock"]


def test_nothing_is_made_where_there_is_nothing_to_delete(tmp_path: Path) -> None:
    clear(tmp_path / "none")
    assert [*tmp_path.iterdir()] == []
