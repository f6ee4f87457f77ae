"""No reader of the tables gets a wrong number without an error, whatever Microsoft does to a report."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from tests.integration.consumers.installed import LOCKS
from tests.readers.matrix import ERROR, READERS, RIGHT, WRONG, Matrix, matrix
from tests.readers.troubles import EDGE, TROUBLES

pytestmark = pytest.mark.long
PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return matrix(tmp_path_factory.mktemp("troubles"))


def test_every_reader_of_the_tables_gets_what_is_right(found: Matrix) -> None:
    of_tables = {at: cell for at, cell in found.cells.items() if at[1] == "tables"}
    assert {at: cell for at, cell in of_tables.items() if cell.verdict != RIGHT} == {}
    assert len(of_tables) >= len(TROUBLES) * (len(READERS) - 1)  # R may not be here


def test_days_of_people_are_corrected_in_tables_of_blocks(tmp_path: Path) -> None:
    EDGE.write(tmp_path / "archive")
    names = sorted(file.stem for file in EDGE.folder(tmp_path, "tables", as_csv=False).glob("*/*.parquet"))
    blocks = ["2027-02-21-to-25_g1-2", "2027-02-26-to-28_g1-2", "2027-03-01_g1-1"]
    assert [name.partition("_D7_")[2] for name in names] == blocks


def test_over_the_snapshots_it_is_seen_when_a_reader_goes_wrong(found: Matrix) -> None:
    verdicts = {cell.verdict for (_, source, _), cell in found.cells.items() if source != "tables"}
    assert verdicts == {RIGHT, ERROR, WRONG}


@pytest.mark.skipif(not all(each.command() for each in READERS), reason="a reader is not here")
def test_the_page_says_what_goes_wrong_where(found: Matrix) -> None:
    assert found.page("snapshots") in PAGE.read_text("utf-8")


def test_the_matrix_names_the_versions() -> None:
    locked = dict(line.split("==") for line in (LOCKS / "readers.in").read_text("utf-8").splitlines())
    for reader in READERS:
        if reader.key != "r":
            package = {"spark": "pyspark"}.get(reader.key, reader.key)
            assert reader.name.split()[1] == (locked[package] if reader.is_large else version(package))
