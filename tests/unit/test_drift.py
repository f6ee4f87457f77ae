"""How a body differs from the snapshot before it."""

from datetime import UTC, datetime

import pytest

from shared.archive.snapshot import SnapshotMetadata
from shared.pulling.drift import Columns, columns, names_changed, shrunk
from shared.report.validator import Body

HEADER = ["Report Refresh Date", "User Principal Name", "Teams", "Yammer"]
ROW = ["2026-11-18", "ann@contoso.example", "1", "2"]
NOW = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)
NAME, HIDDEN = "ann@contoso.example", "0123456789ABCDEF0123456789ABCDEF"


def body(*rows: list[str], header: list[str] = HEADER) -> Body:
    read = Body()
    read.read([("\n".join(",".join(row) for row in [header, *rows]) + "\n").encode()])
    return read


def kept(*rows: list[str], header: list[str] = HEADER) -> SnapshotMetadata:
    """What the archive remembers of a body."""
    before = body(*rows, header=header)
    told = SnapshotMetadata(before.sha256, before.size, before.rows, NOW, "", "", before.content, before.names)
    remembered = told._replace(columns=tuple(before.header), blank=tuple(before.blank))
    return SnapshotMetadata.from_metadata(remembered.to_metadata())


def changed(header: list[str], row: list[str]) -> Columns:
    return columns(kept(ROW), body(row, header=header))


def test_the_same_columns_are_no_change() -> None:
    assert changed(HEADER, ROW) == Columns()


def test_an_added_column_is_named() -> None:
    assert changed([*HEADER, "Copilot"], [*ROW, "3"]) == Columns(added=("Copilot",))


def test_a_column_added_in_the_middle_moves_no_other() -> None:
    assert changed([*HEADER[:2], "Copilot", *HEADER[2:]], [*ROW[:2], "3", *ROW[2:]]) == Columns(added=("Copilot",))


def test_a_removed_column_is_named() -> None:
    assert changed(HEADER[:3], ROW[:3]) == Columns(removed=("Yammer",))


def test_a_column_with_another_name_in_the_same_place_is_renamed() -> None:
    assert changed([*HEADER[:3], "Viva Engage"], ROW) == Columns(renamed=(("Yammer", "Viva Engage"),))


def test_columns_in_another_order_are_moved() -> None:
    header = [HEADER[0], HEADER[1], HEADER[3], HEADER[2]]
    assert changed(header, ROW) == Columns(moved=("Teams", "Yammer"))


def test_a_column_that_lost_all_values_went_blank() -> None:
    assert changed(HEADER, [*ROW[:3], ""]) == Columns(blanked=("Yammer",))


def test_a_column_that_was_blank_before_did_not_go_blank() -> None:
    assert columns(kept([*ROW[:3], ""]), body([*ROW[:3], ""])) == Columns()


def test_nothing_is_said_of_columns_that_were_not_remembered() -> None:
    assert columns(kept(ROW)._replace(columns=()), body([*ROW, "3"], header=[*HEADER, "Copilot"])) == Columns()


@pytest.mark.parametrize(
    ("names", "expected"),
    [([NAME, "bob"], "named"), ([HIDDEN, HIDDEN], "concealed"), ([NAME, HIDDEN], "mixed"), (["", ""], "concealed")],
)
def test_names_are_named_concealed_or_mixed(names: list[str], expected: str) -> None:
    assert body(*([ROW[0], name, *ROW[2:]] for name in names)).names == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"), [(NAME, NAME, False), (NAME, HIDDEN, True), (HIDDEN, NAME, True), ("", NAME, True)]
)
def test_a_change_of_concealment_is_seen(before: str, now: str, *, expected: bool) -> None:
    assert names_changed(kept([ROW[0], before, *ROW[2:]]).names, body([ROW[0], now, *ROW[2:]]).names) is expected


@pytest.mark.parametrize(("rows", "expected"), [(10, False), (7, False), (6, True)])
def test_more_than_thirty_percent_fewer_rows_are_suspicious(rows: int, *, expected: bool) -> None:
    assert shrunk(kept(*[ROW] * 10), body(*[ROW] * rows)) is expected


@pytest.mark.parametrize(("rows", "expected"), [(100, True), (99, False)])
def test_a_day_is_compared_with_another_only_if_that_had_many_rows(rows: int, *, expected: bool) -> None:
    assert shrunk(kept(*[ROW] * rows), body(ROW), of_another_day=True) is expected


def test_a_column_without_values_says_nothing_of_another_day() -> None:
    header, row = [*HEADER, "Copilot"], [*ROW[:3], "", ""]
    assert columns(kept(ROW), body(row, header=header), of_another_day=True) == Columns(added=("Copilot",))


def test_the_same_values_in_another_order_have_the_same_content() -> None:
    one, two = ["2026-11-18", "ann", "A+B", "1"], ["2026-11-18", "bob", "C", "2"]
    assert body(one, two).content == body(two, ["2026-11-18", "ann", "B+A", "1"]).content
    assert body(one, two).content != body(one, [*two[:3], "3"]).content
    assert body(one, one).content != body(one).content


def test_a_plus_between_blanks_parts_no_products() -> None:
    def products(cell: str) -> Body:
        return body(["2026-11-18", "ann", cell, "1"])

    one = products("MOBILITY + SECURITY+OFFICE")
    assert one.content == products("OFFICE+MOBILITY + SECURITY").content
    assert products("A + B+C + D").content != products("A + D+C + B").content
    assert one.content != one.former_content
    assert products("A+B").content == products("A+B").former_content == products("B+A").former_content
