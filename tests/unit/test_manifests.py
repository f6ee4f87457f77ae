"""The manifests of the newest: what they tell, what they cost, and what others do to them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from local.in_memory import Operation
from shared.archive.layout import DERIVED, PERSONAL_DERIVED, ManifestName, parse
from shared.archive.manifest import fingerprint
from shared.domain.errors import ArchiveUnavailable
from tests.unit.test_tables import COUNTS, DAYS, DETAIL, TODAY, Tables

NAME = str(ManifestName(COUNTS.report, "2026-11"))


def told(tables: Tables, name: str = NAME, container: str = DERIVED) -> list[dict[str, Any]]:
    """What a manifest tells."""
    found: list[dict[str, Any]] = json.loads(tables.shelf.blobs[container, name][0])
    return found


def revisions(tables: Tables) -> list[tuple[str, int]]:
    return [(each["refresh_date"], each["revision"]) for each in told(tables)]


def test_a_manifest_tells_the_newest_revision_of_each_day_of_a_month() -> None:
    tables = Tables()
    tables.put(COUNTS, TODAY, "1")
    tables.put(COUNTS, TODAY, "2", "3", revision=2)
    tables.put(COUNTS, TODAY - timedelta(40), "4")
    tables.keep()
    (newest,) = (each for each in tables.shelf.snapshots.all(COUNTS) if each.revision == 2)
    assert told(tables) == [
        {
            "container": "usage",
            "name": newest.blob,
            "period": "D7",
            "refresh_date": "2026-11-18",
            "revision": 2,
            "rows": 2,
            "size": newest.metadata.size,
            "sha256": newest.metadata.sha256,
            "gzip_size": None,
            "gzip_sha256": None,
            "schema": fingerprint(["Report Refresh Date", "User Principal Name", "Teams"]),
        }
    ]
    assert newest.blob in {name for _, name in tables.shelf.blobs}


def test_files_with_other_columns_or_another_order_have_another_schema() -> None:
    headers = (["a", "b"], ["b", "a"], ["a"], ["a", "b", ""], ["a,b"], ["a", "B"])
    assert len({fingerprint(each) for each in headers}) == len(headers)


def test_a_manifest_tells_of_all_calls_of_a_report_and_that_of_people_lies_in_their_container() -> None:
    tables = Tables()
    tables.put(DETAIL, TODAY, "1")
    tables.put(DAYS, TODAY, "1")
    tables.keep()
    name = str(ManifestName(DETAIL.report, "2026-11"))
    entries = [(each["container"], each["period"]) for each in told(tables, name, PERSONAL_DERIVED)]
    assert entries == [("usage-personal", "D7"), ("usage-personal", "day")]


def test_what_comes_is_corrected_or_goes_changes_its_manifest_for_a_read_and_a_write_without_a_listing() -> None:
    tables = Tables()
    gone = tables.put(COUNTS, TODAY, "1")
    tables.keep()
    tables.put(COUNTS, TODAY + timedelta(1), "2")
    tables.put(COUNTS, TODAY + timedelta(2), "3")
    asked: list[str] = []
    tables.disturb = lambda operation: asked.append(operation.name) if operation.blob == NAME else None
    tables.keep()
    assert revisions(tables) == [("2026-11-18", 1), ("2026-11-19", 1), ("2026-11-20", 1)]
    assert asked == ["get", "put_blob"]
    tables.put(COUNTS, TODAY + timedelta(1), "4", revision=2)
    tables.shelf.memory.delete("usage", gone.blob)
    tables.keep()
    assert revisions(tables) == [("2026-11-19", 2), ("2026-11-20", 1)]
    tables.keep()
    assert asked == ["get", "put_blob"] * 2


@pytest.mark.parametrize("damage", [b"", b"[1]", b"{}", b'[{"refresh_date": "now"}]', None])
def test_a_manifest_that_is_damaged_or_gone_is_found_and_made_whole_again(damage: bytes | None) -> None:
    tables = Tables()
    tables.put(COUNTS, TODAY, "1")
    tables.keep()
    for mend in ("verify", "the next day that comes"):
        before = tables.shelf.blobs[DERIVED, NAME]
        if damage is None:
            tables.shelf.memory.delete(DERIVED, NAME)
        else:
            tables.shelf.memory.put(DERIVED, NAME, damage, {})
        (finding,) = tables.findings()
        assert finding.startswith(f"manifest_differs: {DERIVED}/{NAME}: ")
        if mend == "verify":
            name = parse(NAME)
            assert isinstance(name, ManifestName)
            assert tables.shelf.tables.make_again([name], TODAY) == 0
            assert tables.shelf.blobs[DERIVED, NAME] == before
        else:
            tables.put(COUNTS, TODAY + timedelta(1), "2")
            tables.keep()
            assert revisions(tables) == [("2026-11-18", 1), ("2026-11-19", 1)]
        assert tables.findings() == []


def test_a_manifest_that_storage_did_not_let_be_written_is_written_by_the_next_run_and_stops_no_other() -> None:
    tables = Tables()
    tables.put(COUNTS, TODAY, "1")
    other = tables.put(COUNTS, date(2026, 9, 1), "2")

    def refuse(operation: Operation) -> None:
        if operation.blob == NAME:
            raise ArchiveUnavailable("The storage is busy.")

    tables.disturb = refuse
    tables.keep()
    assert [each["name"] for each in told(tables, NAME.replace("2026-11", "2026-09"))] == [other.blob]
    tables.disturb = lambda operation: None
    tables.keep()
    assert revisions(tables) == [("2026-11-18", 1)]
    assert tables.findings() == []


def test_two_runs_that_write_one_manifest_at_once_lose_no_day() -> None:
    tables = Tables()
    tables.put(COUNTS, TODAY, "1")
    other = [tables.keeping()]

    def meanwhile(operation: Operation) -> None:
        if (operation.name, operation.blob) == ("put_blob", NAME) and other:
            keeping = other.pop()
            tables.put(COUNTS, TODAY + timedelta(1), "2")
            tables.keep(keeping)

    tables.disturb = meanwhile
    tables.keep()
    assert revisions(tables) == [("2026-11-18", 1), ("2026-11-19", 1)]
