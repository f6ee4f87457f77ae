"""Faults of the content: what the report's bytes become."""

import re
from collections.abc import Callable

import pytest

from simulator.clock import Clock
from simulator.faults.answers import Context
from simulator.faults.table import CONTENT
from simulator.protocol.messages import CHUNKED, Answer, Request
from simulator.protocol.tokens import Tokens
from tests.integration.simulator.client import Client
from tests.integration.simulator.conftest import NOON

BOM = b"\xef\xbb\xbf"
ACTIVE = "getOffice365ActiveUserDetail(period='D7')"
HEADER = "Report Refresh Date,Display Name,Assigned Products,Items"
ROWS = ["2026-11-18,Ada,E5+F3,0", "2026-11-18,Bob,E3,7", "2026-11-18,Cid,E5,0"]
TABLE = [HEADER, *ROWS]
PEOPLE = ["User Principal Name,User Id,Display Name", "ada@x,1,Ada", "bob@x,2,Bob", "cid@x,3,Cid"]
ALL_DEFAULTS = [
    "Report Refresh Date,Display Name,Assigned Products,Office 365 Active,Last Activity Date,Report Date,Site URL",
    "2026-11-18,Ada,E5+F3,0,2026-11-17,2026-11-17,https://x",
    "2026-11-18,Bob,E3,0,2026-11-17,2026-11-16,https://y",
]


def encoded(lines: list[str]) -> bytes:
    return BOM + "".join(f"{line}\r\n" for line in lines).encode()


def faulty(fault: str, lines: list[str], **args: object) -> bytes:
    """What the fault makes of a report with these lines."""
    change, defaults = CONTENT[fault].change, CONTENT[fault].args
    chunks = [BOM, f"{lines[0]}\r\n".encode(), encoded(lines[1:]).removeprefix(BOM)]
    context = Context(
        Request("GET", "/", {}, b""), "", lambda request: Answer(404), Clock(NOON), Tokens(1, ""), number=2
    )
    return b"".join(change(Answer(200, (CHUNKED,), iter(chunks)), context, **{**defaults, **args}).chunks)


def test_each_row_gets_its_own_report_date() -> None:
    lines = ["Report Refresh Date,Items,Report Date", "2026-11-18,1,2026-11-17", "2026-11-18,2,2026-11-18"]
    assert faulty("own_dates", lines) == encoded([lines[0], "2026-11-17,1,2026-11-17", lines[2]])


@pytest.mark.parametrize("fault", CONTENT)
def test_every_fault_of_the_content_changes_it_by_default(fault: str) -> None:
    assert faulty(fault, ALL_DEFAULTS) != encoded(ALL_DEFAULTS)


def every_other_lf(true: bytes) -> bytes:
    return b"".join(line[:-2] + (b"\r\n", b"\n")[n % 2] for n, line in enumerate(true.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("fault", "args", "expected"),
    [
        ("no_bom", {}, lambda true: true[3:]),
        ("two_boms", {}, lambda true: BOM + true),
        ("utf16", {}, lambda true: true.decode("utf-8-sig").encode("utf-16")),
        ("invalid_utf8", {}, lambda true: true[:-2] + b"\xff\r\n"),
        ("lf", {}, lambda true: true.replace(b"\r\n", b"\n")),
        ("mixed_line_ends", {}, every_other_lf),
        ("no_final_newline", {}, lambda true: true[:-2]),
        ("blank_lines", {"count": 3}, lambda true: true + b"\r\n" * 3),
        ("truncated", {"at": 70}, lambda true: true[:70]),
        ("truncated", {}, lambda true: true[:-5]),
        ("followed", {"text": "{}", "by": 7}, lambda true: true[:-7] + b"{}"),
        ("empty", {}, lambda true: b""),
        ("bom_only", {}, lambda true: BOM),
        ("header_only", {}, lambda true: true.splitlines(keepends=True)[0]),
        ("page", {"text": '{"error": {}}', "kind": "application/json"}, lambda true: b'{"error": {}}'),
    ],
)
def test_bytes_become(fault: str, args: dict[str, object], expected: Callable[[bytes], bytes]) -> None:
    assert faulty(fault, TABLE, **args) == expected(encoded(TABLE))


def dated(*days: str) -> list[str]:
    return [HEADER, *(f"{day},{row.partition(',')[2]}" for day, row in zip(days, ROWS, strict=True))]


@pytest.mark.parametrize(
    ("fault", "args", "expected"),
    [
        ("date_blank", {}, dated("", "", "")),
        ("date_blank", {"share": 0.5}, dated("", "2026-11-18", "")),
        ("two_dates", {}, dated("2026-11-17", "2026-11-18", "2026-11-17")),
        ("date_form", {}, dated(*["2026-11-18T00:00:00Z"] * 3)),
        ("date_form", {"text": "{us}"}, dated(*["11/18/2026"] * 3)),
        ("date_form", {"text": "{tomorrow}"}, dated(*["2026-11-21"] * 3)),
        ("date_form", {"text": "0001-01-01"}, dated(*["0001-01-01"] * 3)),
        ("column_added", {"name": "X", "text": "y"}, [f"{HEADER},X", *(f"{row},y" for row in ROWS)]),
        ("column_added", {"name": "X", "at": 0}, [f"X,{HEADER}", *(f",{row}" for row in ROWS)]),
        ("column_moved", {"to": 3}, [re.sub("([^,]+),(.+)", r"\2,\1", line) for line in TABLE]),
        ("column_renamed", {"column": "Items", "to": "Things"}, [HEADER.replace("Items", "Things"), *ROWS]),
        ("column_removed", {"column": "Items"}, [line.rpartition(",")[0] for line in TABLE]),
        ("column_blank", {"column": "Items"}, [HEADER, *(f"{row.rpartition(',')[0]}," for row in ROWS)]),
        ("zeros_blank", {}, [HEADER, ROWS[0][:-1], ROWS[1], ROWS[2][:-1]]),
        ("odd_cell", {"row": 2, "text": '=a(),"\n'}, [HEADER, ROWS[0], ROWS[1].replace("Bob", '"=a(),""\n"'), ROWS[2]]),
        ("rows_repeated", {"count": 2}, [HEADER, ROWS[0], ROWS[0], ROWS[1], ROWS[1], ROWS[2]]),
        (
            "rows_repeated",
            {"column": "Display Name", "text": "/"},
            [HEADER, ROWS[0], ROWS[0].replace("Ada", "/"), *ROWS[1:]],
        ),
        ("ragged", {}, [HEADER, ROWS[0].rpartition(",")[0], *ROWS[1:]]),
        ("ragged", {"row": 2, "cells": 2}, [HEADER, ROWS[0], f"{ROWS[1]},,", ROWS[2]]),
        ("unnamed", {}, [HEADER, *(re.sub("Ada|Bob|Cid", "(Unknown)", row) for row in ROWS)]),
        (
            "unnamed",
            {"columns": ["Display Name"], "text": "u{number:03}", "share": 0.5},
            [HEADER, ROWS[0].replace("Ada", "u000"), ROWS[1], ROWS[2].replace("Cid", "u001")],
        ),
        ("rows_reordered", {}, [HEADER, ROWS[1], ROWS[2], ROWS[0]]),
        ("products_reordered", {}, [HEADER, ROWS[0].replace("E5+F3", "F3+E5"), *ROWS[1:]]),
        ("shrunk", {"share": 0.5}, [HEADER, ROWS[0], ROWS[2]]),
    ],
)
def test_table_becomes(fault: str, args: dict[str, object], expected: list[str]) -> None:
    assert faulty(fault, TABLE, **args).decode() == encoded(expected).decode()


def test_rows_are_in_another_order_at_each_request(client: Client) -> None:
    true = client.pull(ACTIVE)
    client.set_faults({"fault": "rows_shuffled", "times": None})
    bodies = [client.pull(ACTIVE) for _ in range(3)]
    assert len({true, *bodies}) == 4
    assert {tuple(sorted(body.splitlines())) for body in bodies} == {tuple(sorted(true.splitlines()))}


def test_the_body_of_another_call_comes(client: Client) -> None:
    theirs = client.pull("getEmailActivityCounts(period='D30')")
    client.set_fault("other_report", call="getEmailActivityCounts(period='D30')")
    assert client.pull(ACTIVE) == theirs


def test_names_are_concealed_alike_in_all_reports() -> None:
    _, *rows = faulty("concealed", PEOPLE).decode().splitlines()
    assert all(re.fullmatch(f"[0-9A-F]{{32}},{'0' * 8}(-0{{4}}){{3}}-{'0' * 12},[0-9A-F]{{32}}", row) for row in rows)
    assert len({row[:32] for row in rows}) == 3
    _, first, *_ = faulty("concealed", TABLE).decode().splitlines()
    assert first == f"2026-11-18,{rows[0][-32:]},E5+F3,0"


def test_concealed_sites_have_no_id_and_no_address() -> None:
    sites = ["Site Id,Site URL,Owner Principal Name", "1,https://x,ada@x", "2,https://y,bob@x"]
    _, *rows = faulty("concealed", sites).decode().splitlines()
    assert all(re.fullmatch(f"{'0' * 8}(-0{{4}}){{3}}-{'0' * 12},,[0-9A-F]{{32}}", row) for row in rows)


def test_products_are_told_apart_at_a_plus_without_blanks() -> None:
    products = ["Assigned Products", "E3+MOBILITY + SECURITY E5+F3"]
    assert faulty("products_reordered", products) == encoded(["Assigned Products", "F3+MOBILITY + SECURITY E5+E3"])


def test_a_share_of_the_names_is_concealed() -> None:
    assert faulty("concealed", PEOPLE, share=0.5).decode().splitlines()[2] == PEOPLE[2]


def test_what_is_not_edited_stays_byte_by_byte(client: Client) -> None:
    true = client.pull(ACTIVE)
    client.set_fault("column_blank", column="No Such Column")
    assert client.pull(ACTIVE) == true


def test_faults_of_the_content_add_up(client: Client) -> None:
    lines = client.pull(ACTIVE)[3:].splitlines()
    client.set_faults(*({"fault": fault} for fault in ("rows_reordered", "lf", "no_bom", "no_final_newline")))
    assert client.pull(ACTIVE) == b"\n".join([lines[0], *lines[2:], lines[1]])


def test_a_report_that_answers_directly_is_changed_as_well(client: Client) -> None:
    path = "/v1.0/copilot/reports/getMicrosoft365CopilotUserCountTrend(period='D7')"
    true = client.get(path).content
    client.set_fault("two_boms")
    assert client.get(path).content == BOM + true
