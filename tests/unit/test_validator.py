"""What is told from a body while it streams by."""

import csv
import hashlib
import io
import itertools
import re
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import PullError, RejectedBody, Retryable
from shared.domain.outcome import Reason
from shared.report.validator import Body

BOM = b"\xef\xbb\xbf"
CSV = b"Report Refresh Date,Teams Active,Report Period\n2026-11-18,7,7\n2026-11-18,8,7\n"


def read(text: bytes) -> Body:
    body = Body()
    body.read([text])
    return body


def test_size_digest_and_rows_are_those_of_the_bytes_received() -> None:
    body = read(BOM + CSV)
    assert (body.size, body.sha256) == (len(BOM + CSV), hashlib.sha256(BOM + CSV).hexdigest())
    assert body.rows == 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(BOM + CSV, id="BOM"),
        pytest.param(CSV, id="no BOM"),
        pytest.param(BOM + BOM + CSV, id="two BOMs"),
        pytest.param(CSV.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(CSV.rstrip(), id="no line end at the end"),
        pytest.param(CSV + b"\n\n", id="blank lines at the end"),
        pytest.param(b"\n" + CSV, id="blank line before the header"),
        pytest.param(BOM + b"\r\n\r\n" + CSV, id="blank lines before the header"),
        pytest.param(CSV.replace(b"2026-11-18,", b"2026-11-18T00:00:00Z,"), id="date as a midnight"),
        pytest.param(
            CSV.replace(b"2026-11-18,", b"2026-11-18T00:00:00+00:00,"), id="date as a midnight with its offset"
        ),
        pytest.param(CSV.replace(b"\n2026-11-18,8", b"\n,8"), id="one date left blank"),
        pytest.param(CSV.replace(b"Teams Active", b'"Teams, ""Active"""'), id="quoted comma and quote"),
        pytest.param(CSV.replace(b",8,", b',"8\n9",'), id="line end inside quotes"),
    ],
)
def test_the_refresh_date_is_read_from_its_column(text: bytes) -> None:
    body = Body()
    assert body.read([text]) == date(2026, 11, 18)
    assert body.rows == 2


def test_of_two_faults_the_first_counts() -> None:
    rows = [b"2026-11-18,8,7\n"] * 5
    with pytest.raises(RejectedBody) as caught:
        Body().read([CSV, *rows, b"2026-11-17,8,7\n", *rows, b'2026-11-18,"8"8,7\n'])
    assert caught.value.reason == Reason.TWO_REFRESH_DATES


def test_the_refresh_date_is_found_by_name_wherever_the_column_stands() -> None:
    assert read(b"User,Report Refresh Date\na,2026-11-18\n").refresh_date == date(2026, 11, 18)


def test_the_refresh_date_is_known_once_the_first_row_has_gone_by() -> None:
    body = Body()
    seen = []

    def chunks() -> Iterator[bytes]:
        for line in CSV.splitlines(keepends=True):
            yield line
            seen.append(body.refresh_date)

    body.read(chunks())
    assert seen == [None, date(2026, 11, 18), date(2026, 11, 18)]


@given(st.data())
def test_how_the_bytes_are_cut_into_chunks_does_not_matter(data: st.DataObject) -> None:
    text = BOM + CSV.replace(b",8,", ',"ä\n€",'.encode())
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    body = Body()
    body.read(text[start:end] for start, end in itertools.pairwise(cuts))
    assert (body.size, body.rows, body.refresh_date) == (len(text), 2, date(2026, 11, 18))


@pytest.mark.parametrize("text", [b"", BOM, b"\n"], ids=["nothing", "only a BOM", "only a line end"])
def test_an_empty_body_is_no_data(text: bytes) -> None:
    with pytest.raises(RejectedBody) as caught:
        read(text)
    assert caught.value.reason == "empty_body"


def test_a_header_without_rows_is_no_data() -> None:
    with pytest.raises(RejectedBody) as caught:
        read(CSV.splitlines(keepends=True)[0])
    assert caught.value.reason == "no_rows"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(b"<!DOCTYPE html><html></html>", "not_this_report", id="HTML"),
        pytest.param(b'{"error": {"code": "UnknownError"}}', "not_this_report", id="JSON"),
        pytest.param(CSV.decode().encode("utf-16"), "not_utf8", id="UTF-16"),
        pytest.param(CSV.replace(b"2026-11-18", b""), "no_refresh_date", id="no refresh date"),
        pytest.param(CSV.replace(b"2026-11-18", b"11/18/2026"), "bad_refresh_date", id="US date"),
        pytest.param(CSV.replace(b"2026-11-18", b"2026-02-30"), "bad_refresh_date", id="no such day"),
        pytest.param(CSV.replace(b"2026-11-18,8", b"2026-11-17,8"), "two_refresh_dates", id="two dates"),
        pytest.param(CSV.replace(b",8,", b',"8"9,'), "not_csv", id="text after a quoted field"),
        pytest.param(b"x" * (2 << 20), "not_csv", id="endless line"),
        pytest.param(CSV + b"2026-11-18," + b'"\n",' * (1 << 19), "not_csv", id="endless row of short lines"),
        pytest.param(b'"\n",' * (1 << 19), "not_csv", id="endless header of short lines"),
    ],
)
def test_a_body_that_is_not_this_kind_of_csv_is_quarantined(text: bytes, reason: str) -> None:
    with pytest.raises(RejectedBody) as caught:
        read(text)
    assert caught.value.reason == reason


HTML = b"<html><body>500 Internal Server Error</body></html>\r\n"
JSON = b'{"error":{"code":"UnknownError"}}\r\n'
LONG = CSV.replace(b",7\n", b",180\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CSV[:-4], id="in a row"),
        pytest.param(CSV.replace(b",8,", b',"8,'), id="in a quoted field"),
        pytest.param(CSV + HTML, id="with a page behind it"),
        pytest.param(CSV + b"\r\n" + HTML.replace(b"><", b">\r\n<"), id="with the lines of a page behind it"),
        pytest.param(CSV + JSON, id="with an error behind it"),
        pytest.param(CSV[:-1] + HTML, id="with a page in its last number of days"),
        pytest.param(CSV[:-1] + JSON, id="with an error in its last number of days"),
        pytest.param(CSV[:-1] + b"Internal Server Error\r\n", id="with a message in its last number of days"),
        pytest.param(LONG[: -len(b"0\n")], id="in the number of days"),
        pytest.param(LONG[: -len(b"180\n")], id="before the number of days"),
    ],
)
def test_a_body_that_ends_in_the_middle_of_a_record_is_cut_short(text: bytes) -> None:
    with pytest.raises(PullError) as caught:
        read(text)
    assert type(caught.value) is PullError  # neither kept aside nor asked for again at once
    assert caught.value.reason == "cut_short"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"], ids=["LF", "CRLF", "blank line"])
def test_a_short_last_row_of_the_same_date_may_be_whole_if_its_line_has_an_end(end: str) -> None:
    body = read(CSV + b"2026-11-18" + end.encode())
    assert (body.ragged, body.is_ended, body.looks_cut) == (1, True, True)
    assert not read(CSV + b"2026-11-18\n2026-11-18\n").looks_cut


def test_a_body_without_a_line_end_at_its_end_looks_cut() -> None:
    assert not read(CSV).looks_cut
    body = read(CSV.rstrip())
    assert (body.is_ended, body.looks_cut) == (False, True)


ERRORS = pytest.mark.parametrize("error", [HTML, JSON, b"<!DOCTYPE html>\r\n"], ids=["page", "error", "doctype"])


@ERRORS
def test_a_last_row_that_holds_how_errors_begin_looks_cut(error: bytes) -> None:
    assert read(SITES[:-1] + error).looks_cut
    assert not read(SITES[:-1] + error + SITES.splitlines(keepends=True)[-1]).looks_cut


@ERRORS
def test_half_a_row_that_goes_on_with_an_error_is_asked_for_again_at_once(error: bytes) -> None:
    with pytest.raises(Retryable) as caught:
        read(SITES[:-3] + error)
    assert caught.value.reason == "cut_short"


def test_the_last_row_is_of_the_period_that_was_asked_for() -> None:
    body = Body(period="D7")
    with pytest.raises(RejectedBody) as caught:
        body.read([CSV + b"2026-11-18,9,30\n"])
    assert caught.value.reason == "wrong_period"


OWN_DATES = [
    b"Report Refresh Date,Active,Report Date,Report Period\n",
    b"2026-11-16,1,2026-11-16,7\n",
    b"2026-11-18,2,2026-11-18T00:00:00Z,7\n",
    b"2026-11-17,3,2026-11-17,7\n",
]
"""Each row has its own Report Date as its refresh date, as in Microsoft's sample of a Yammer report."""


def test_the_newest_of_several_refresh_dates_counts_where_each_is_the_report_date_of_its_row() -> None:
    body = read(b"".join(OWN_DATES))
    assert (body.refresh_date, body.has_own_dates) == (date(2026, 11, 18), True)


def test_one_refresh_date_is_none_of_several() -> None:
    assert not read(b"".join(OWN_DATES[:2])).has_own_dates


@pytest.mark.parametrize(
    "row",
    [b"2026-11-17,4,2026-11-16,7\n", b"2026-11-17,4,,7\n", b",4,2026-11-17,7\n", b"2026-11-17,4\n"],
    ids=["another Report Date", "no Report Date", "no refresh date", "no more fields"],
)
@pytest.mark.parametrize("place", [1, 4], ids=["first", "last"])
def test_every_other_mixture_of_refresh_dates_is_quarantined(row: bytes, place: int) -> None:
    with pytest.raises(RejectedBody) as caught:
        read(b"".join([*OWN_DATES[:place], row, *OWN_DATES[place:]]))
    assert caught.value.reason == "two_refresh_dates"


def test_the_refresh_date_is_not_known_before_the_end_while_a_newer_one_may_come() -> None:
    body = Body()
    seen = []

    def chunks() -> Iterator[bytes]:
        for line in OWN_DATES:
            yield line
            seen.append(body.refresh_date)

    body.read(chunks())
    assert seen == [None] * 4


@pytest.mark.parametrize("cell", ["11/18/2026", "2026-02-30", "0001-01-01", "2026-11-18 10:00:00+02:00"])
def test_a_wrong_date_is_told(cell: str) -> None:
    with pytest.raises(RejectedBody, match=re.escape(f"A row has the refresh date '{cell}'.")):
        read(CSV.replace(b"2026-11-18", cell.encode()))


@pytest.mark.parametrize(
    "cell",
    ["Ann Andersen", "ann@contoso.example", "1234567", "010170-1234", "+45 12 34 56 78", "19-1-70 Ann", "0" * 32],
)
def test_a_cell_that_is_no_date_is_not_told(cell: str) -> None:
    with pytest.raises(RejectedBody) as caught:
        read(CSV.replace(b"2026-11-18", cell.encode()))
    assert (caught.value.reason, str(caught.value)) == ("bad_refresh_date", "A row has no date as its refresh date.")


def test_a_number_that_is_no_period_is_not_told() -> None:
    with pytest.raises(RejectedBody) as caught:
        Body(period="D7").read([CSV.replace(b",7\n", b",1234567\n")])
    assert str(caught.value) == "The rows are of another number of days."


def test_no_cell_of_a_body_without_a_header_is_told() -> None:
    body = Body([["Report Refresh Date", "User Principal Name"]])
    with pytest.raises(RejectedBody) as caught:
        body.read([b"2026-11-18,ann@contoso.example,Ann Andersen,User Principal Name\n2026-11-18,b,c,d\n"])
    assert str(caught.value) == "The body has not the columns of this report: of them it has User Principal Name."


def test_an_error_of_the_download_passes_through() -> None:
    def chunks() -> Iterator[bytes]:
        yield CSV
        raise Retryable(Reason.CUT_SHORT, "The body broke off.")

    with pytest.raises(Retryable):
        Body().read(chunks())


def test_a_body_that_breaks_off_behind_a_wrong_row_is_none_to_keep() -> None:
    def chunks() -> Iterator[bytes]:
        yield CSV + b"2026-11-17,8,7\n"
        raise Retryable(Reason.CUT_SHORT, "The body broke off.")

    body, pieces = Body(), chunks()
    with pytest.raises(RejectedBody):
        body.read(pieces)
    with pytest.raises(Retryable):
        body.skip(pieces)


SITES = b"Report Refresh Date,Site Id,Site URL\n2026-11-18,1,a\n2026-11-18,2,b\n2026-11-18,1,c\n"


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        pytest.param(CSV, 0, id="none"),
        pytest.param(CSV + CSV.splitlines(keepends=True)[1] * 3, 3, id="the same row three times more"),
        pytest.param(SITES, 1, id="a site under two addresses"),
        pytest.param(SITES.replace(b",1,", b",00000000-0000,"), 0, id="sites that are concealed"),
    ],
)
def test_rows_that_were_there_before_are_counted(text: bytes, repeated: int) -> None:
    assert read(text).repeated == repeated


def test_the_rest_of_a_body_that_was_given_up_counts_for_its_size_and_digest() -> None:
    rest = [CSV.replace(b"2026-11-18", b"soon"), b"anything", b"\xff"]
    body = Body()
    chunks = iter(rest)
    with pytest.raises(RejectedBody):
        body.read(chunks)
    body.skip(chunks)
    assert (body.size, body.sha256) == (len(b"".join(rest)), hashlib.sha256(b"".join(rest)).hexdigest())


CELL = st.sampled_from(["", "a", "ü@b", "1+ 2", "b+a", " ", "x,y", 'q"q', "\u4e2d"]) | st.text(max_size=4)
TABLE = st.lists(st.lists(CELL, min_size=4, max_size=4), min_size=1, max_size=20)


@given(TABLE, st.integers(1, 40), st.sampled_from(["\n", "\r\n"]))
def test_rows_that_are_looked_at_many_at_once_tell_the_same_as_each_by_itself(
    table: list[list[str]], times: int, end: str
) -> None:
    def told(end: str) -> list[object]:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=end)
        writer.writerow(["Report Refresh Date", "Display Name", "User Principal Name", "Site Id", "Assigned Products"])
        writer.writerows([["2026-11-18", *row] for row in table] * times)
        body, seen = Body(), list[list[str]]()
        body.read([text.getvalue().encode()], seen.extend)
        naming = (body.names, body.naming.is_unsure, body.naming.former_verdict)
        return [seen, body.rows, body.content, body.former_content, body.repeated, body.blank, naming]

    assert told(end) == told(end * 2)  # a blank line keeps rows from being taken at once
