"""Faults of the content: what the report's bytes become."""

import csv
import io
import re
from collections.abc import Callable

import pytest

from tests.integration.simulator.client import Client

BOM = b"\xef\xbb\xbf"
ACTIVE = "getOffice365ActiveUserDetail(period='D7')"
ACCOUNTS = "getOneDriveUsageAccountDetail(period='D7')"
COUNTS = "getOffice365ActiveUserCounts(period='D30')"
TEAMS = "getTeamsUserActivityUserDetail(period='D7')"
DATE = "Report Refresh Date"

Table = list[list[str]]


def faulty(client: Client, call: str, *faults: str, **args: object) -> bytes:
    """What the call gives with these faults, the arguments being the last one's."""
    rules: list[dict[str, object]] = [{"fault": fault} for fault in faults]
    rules[-1]["args"] = args
    client.steer("PUT", "/faults", {"rules": rules})
    answer = client.download(client.call(call))
    assert answer.status_code == 200
    client.steer("DELETE", "/faults")
    return answer.content


def table(content: bytes) -> Table:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def every_other_crlf(true: bytes) -> bytes:
    return b"".join(line[:-1] + (b"\r\n", b"\n")[n % 2] for n, line in enumerate(true.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("fault", "args", "expected"),
    [
        ("no_bom", {}, lambda true: true[3:]),
        ("two_boms", {}, lambda true: BOM + true),
        ("utf16", {}, lambda true: true.decode("utf-8-sig").encode("utf-16")),
        ("invalid_utf8", {}, lambda true: true[:-1] + b"\xff\n"),
        ("crlf", {}, lambda true: true.replace(b"\n", b"\r\n")),
        ("mixed_line_ends", {}, every_other_crlf),
        ("no_final_newline", {}, lambda true: true[:-1]),
        ("blank_lines", {"count": 3}, lambda true: true + b"\n\n\n"),
        ("truncated", {"at": 1000}, lambda true: true[:1000]),
        ("truncated", {}, lambda true: true[:-5]),
        ("empty", {}, lambda true: b""),
        ("bom_only", {}, lambda true: BOM),
        ("header_only", {}, lambda true: true.splitlines(keepends=True)[0]),
        ("page", {"text": '{"error": {}}', "kind": "application/json"}, lambda true: b'{"error": {}}'),
    ],
)
def test_bytes_become(client: Client, fault: str, args: dict[str, object], expected: Callable[[bytes], bytes]) -> None:
    true = client.pull(ACTIVE)
    assert faulty(client, ACTIVE, fault, **args) == expected(true)


def column(rows: Table, name: str) -> list[str]:
    place = rows[0].index(name)
    return [row[place] for row in rows[1:]]


def with_cells(rows: Table, name: str, cells: list[str]) -> Table:
    place = rows[0].index(name)
    return [rows[0]] + [[*row[:place], cell, *row[place + 1 :]] for row, cell in zip(rows[1:], cells, strict=True)]


def dated(form: Callable[[int, str], str]) -> Callable[[Table], Table]:
    """The rows with other refresh dates, made of the number of the row and the true one."""
    return lambda true: with_cells(true, DATE, [form(number, day) for number, day in enumerate(column(true, DATE))])


def moved(rows: Table) -> Table:
    return [[row[1], row[0], *row[2:]] for row in rows]


def without(rows: Table, name: str) -> Table:
    place = rows[0].index(name)
    return [row[:place] + row[place + 1 :] for row in rows]


def renamed(rows: Table) -> Table:
    return [["Microsoft 365" if name == "Office 365" else name for name in rows[0]], *rows[1:]]


def without_zeros(rows: Table) -> Table:
    return [["" if cell == "0" else cell for cell in row] for row in rows]


def with_column(rows: Table, at: int, name: str, text: str) -> Table:
    return [[*row[:at], text if number else name, *row[at:]] for number, row in enumerate(rows)]


def with_odd_name(rows: Table) -> Table:
    names = column(rows, "Display Name")
    return with_cells(rows, "Display Name", [names[0], '=cmd(),"\n\u202e\0', *names[2:]])


def with_other_products(rows: Table) -> Table:
    cells = column(rows, "Assigned Products")
    return with_cells(rows, "Assigned Products", ["+".join(cell.split("+")[::-1]) for cell in cells])


def without_sites(rows: Table) -> Table:
    return with_cells(rows, "Site URL", [""] * (len(rows) - 1))


def with_a_site_twice(rows: Table) -> Table:
    return [*rows[:2], [*rows[1][:2], "/", *rows[1][3:]], *rows[2:]]


@pytest.mark.parametrize(
    ("call", "fault", "args", "expected"),
    [
        (ACTIVE, "date_blank", {}, dated(lambda number, day: "")),
        (ACTIVE, "date_blank", {"share": 0.5}, dated(lambda number, day: "" if number % 2 == 0 else day)),
        (ACTIVE, "two_dates", {}, dated(lambda number, day: "2026-11-17" if number % 2 == 0 else day)),
        (ACTIVE, "date_form", {}, dated(lambda number, day: f"{day}T00:00:00Z")),
        (ACTIVE, "date_form", {"text": "{us}"}, dated(lambda number, day: "11/18/2026")),
        (ACTIVE, "date_form", {"text": "{tomorrow}"}, dated(lambda number, day: "2026-11-21")),
        (ACTIVE, "date_form", {"text": "0001-01-01"}, dated(lambda number, day: "0001-01-01")),
        (ACTIVE, "column_added", {"name": "X", "text": "y"}, lambda true: with_column(true, len(true[0]), "X", "y")),
        (ACTIVE, "column_added", {"name": "X", "at": 2}, lambda true: with_column(true, 2, "X", "")),
        (ACTIVE, "column_moved", {}, moved),
        (COUNTS, "column_renamed", {"column": "Office 365", "to": "Microsoft 365"}, renamed),
        (ACCOUNTS, "column_removed", {}, lambda true: without(true, "Last Activity Date")),
        (ACCOUNTS, "column_blank", {}, without_sites),
        (ACCOUNTS, "zeros_blank", {}, without_zeros),
        (ACTIVE, "odd_cell", {"row": 2}, with_odd_name),
        (ACTIVE, "rows_repeated", {"count": 2}, lambda true: [true[0], true[1], true[1], true[2], true[2], *true[3:]]),
        (ACCOUNTS, "rows_repeated", {"column": "Site URL", "text": "/"}, with_a_site_twice),
        (ACTIVE, "ragged", {}, lambda true: [true[0], true[1][:-1], *true[2:]]),
        (ACTIVE, "ragged", {"row": 2, "cells": 2}, lambda true: [*true[:2], [*true[2], "", ""], *true[3:]]),
        (ACTIVE, "rows_reordered", {}, lambda true: [true[0], *true[2:], true[1]]),
        (ACTIVE, "products_reordered", {}, with_other_products),
        (ACTIVE, "shrunk", {"share": 0.5}, lambda true: [true[0], *true[1::2]]),
    ],
)
def test_table_becomes(
    client: Client, call: str, fault: str, args: dict[str, object], expected: Callable[[Table], Table]
) -> None:
    true = table(client.pull(call))
    found = table(faulty(client, call, fault, **args))
    assert found == expected(true)
    assert found != true


@pytest.mark.parametrize(("share", "hidden"), [(1.0, slice(0, None)), (0.5, slice(0, None, 2))])
def test_names_are_concealed(client: Client, share: float, hidden: slice) -> None:
    true, found = table(client.pull(TEAMS)), table(faulty(client, TEAMS, "concealed", share=share))
    names = column(found, "User Principal Name")
    assert all(re.fullmatch("[0-9A-F]{32}", name) for name in names[hidden])
    assert len(set(names)) == len(names)
    assert set(column(found, "User Id")[hidden]) == {"00000000-0000-0000-0000-000000000000"}
    shown = [number for number in range(len(names)) if number not in range(len(names))[hidden]]
    assert [found[1 + number] for number in shown] == [true[1 + number] for number in shown]
    other = table(faulty(client, ACTIVE, "concealed"))
    assert column(other, "User Principal Name")[0] in names or share < 1


def test_what_is_not_edited_stays_byte_by_byte_and_chunk_by_chunk(client: Client) -> None:
    assert faulty(client, ACTIVE, "column_blank", column="No Such Column") == client.pull(ACTIVE)


def test_faults_of_the_content_add_up(client: Client) -> None:
    true = client.pull(ACTIVE)
    content = faulty(client, ACTIVE, "rows_reordered", "crlf", "no_bom", "no_final_newline")
    lines = true[3:].splitlines()
    assert content == b"\r\n".join([lines[0], *lines[2:], lines[1]])


def test_a_report_that_answers_directly_is_changed_as_well(client: Client) -> None:
    path = "/v1.0/copilot/reports/getMicrosoft365CopilotUserCountTrend(period='D7')"
    true = client.get(path).content
    client.steer("PUT", "/faults", {"rules": [{"fault": "two_boms"}]})
    assert client.get(path).content == BOM + true
