"""Every fault that one pull is enough for: what is injected, and how the pull has to end.

Data only; run.py tries them. What takes more than one pull is in scenarios/.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.reliability.environment import Rules

IDS = [
    f"F{number:02}"
    for number in [
        *(*range(1, 16), *range(17, 20), 21, *range(23, 26), *range(27, 32), 33, 34, 36, 37, *range(39, 44), 45, 46),
        *(*range(48, 57), *range(58, 64), *range(65, 74), *range(75, 79), *range(80, 83), 84, 85, 87),
    ]
]
"""Every known fault: of Graph, the download, the content, identity, storage, the host and its timers, time, readers."""

CALL = "getOffice365ServicesUserCounts(period='D7')"
OTHER = "getEmailActivityCounts(period='D7')"
DETAIL = "getOffice365ActiveUserDetail(period='D7')"
ACCOUNTS = "getOneDriveUsageAccountDetail(period='D7')"
SITES = "getSharePointSiteUsageDetail(period='D7')"


class Case(NamedTuple):
    """One fault, alone."""

    ids: str
    what: str
    ends: str
    """The outcomes that are right, each with its reason or flags behind a colon if that matters."""
    graph: Rules = ()
    """For the simulator: Graph, download host, token endpoint."""
    storage: Rules = ()
    """For the proxy in front of storage."""
    call: str = DETAIL
    before: str = ""
    """If a healthy pull goes first: on the day before (`day`), or of the same refresh date (`same`)."""
    slow: bool = False
    """Whether it takes more than a few seconds, as the app's true limits do."""

    @property
    def name(self) -> str:
        return f"{self.ids} {self.what}"


def _always(fault: str, match: Mapping[str, str] | None = None, **args: Any) -> Rules:
    return [{"fault": fault, "times": None, "match": match or {}, "args": args}]


def _once(fault: str, match: Mapping[str, str] | None = None, **args: Any) -> Rules:
    return [{"fault": fault, "match": match or {}, "args": args}]


def _in_a_row(fault: str, match: Mapping[str, str] | None = None, *, each: Sequence[Mapping[str, Any]]) -> Rules:
    """Apply the fault to the first requests, each time with other arguments."""
    return [
        {"fault": fault, "nth": number, "match": match or {}, "args": args} for number, args in enumerate(each, start=1)
    ]


def _at_creation(fault: str) -> Rules:
    """Keep a snapshot from being created, in one piece or of blocks, though blocks can be staged."""
    return [{"fault": fault, "times": None, "match": match} for match in (PUT_BLOB, COMMIT)]


WRITE = {"method": "PUT", "blob": "report=*"}
"""A snapshot is written, in one piece or as blocks."""
PUT_BLOB, PUT_BLOCK, COMMIT = (
    {"operation": operation, "blob": "report=*"} for operation in ("put_blob", "put_block", "commit")
)
SERIES = {"operation": "put_blob", "blob": "series/*"}


def large(column: str, rows: int = 3) -> Rules:
    """Return the rules that put noise into some rows, so that the body arrives in chunks and is staged in blocks."""
    return [rule for row in range(2, 2 + rows) for rule in _always("odd_cell", row=row, column=column, text=_NOISE)]


_NOISE = random.Random(1).randbytes(60_000).hex()
FOR_GRAPH = {"listener": "identity", "path": "*graph*"}
"""Tokens for Graph alone: storage needs some too."""
_BAD_LOCATIONS = (
    "http://reports.office.com/data/x",
    "https://user@reports.office.com/data/x",
    "https://reports.office.com:444/data/x",
    "https://reports.office.com.evil.example/data/x",
    "https://evil.reports.office.com/data/x",
    "https://reports.office.com\\@evil.example/data/x",
    "https://127.0.0.1/data/x",
    "https://169.254.169.254/data/x",
    "https://[::1]/data/x",
    "https://reports.office.com/x",
    "/data/x",
    "",
    None,
    "{here}",
    "{true}#fragment",
    "https://reports.office.com/data/x y",
    "https://reports.office.com/data/" + "x" * 9000,
    "https://evil.example/" + "x" * 9000,
)

CASES: tuple[Case, ...] = (
    Case("F01", "429 with Retry-After 10", "published", _once("throttled", retry_after="10")),
    *(
        Case("F02", f"429 with Retry-After {text!r}", "published", _once("throttled", retry_after=text))
        for text in ("2.128", "0", "-1", "abc", None, "Wed, 21 Oct 2015 07:28:00 GMT")
    ),
    *(
        Case("F02", f"429 with Retry-After {text}", "deferred:rate_limited", _once("throttled", retry_after=text))
        for text in ("86400", "Fri, 21 Oct 2095 07:28:00 GMT")
    ),
    Case("F03", "429 for ever", "deferred:rate_limited", _always("throttled", retry_after="600")),
    *(
        Case("F04", f"503 as {form}", "published", _once("server_error", status=503, form=form))
        for form in ("json", "html", "empty")
    ),
    Case(
        "F04",
        "500, 502, 504 in a row",
        "published",
        _in_a_row("server_error", each=[{"status": status} for status in (500, 502, 504)]),
    ),
    Case("F04", "500 for ever", "deferred:graph_error", _always("server_error")),
    Case("F05", "400 date too old", "refused:date_out_of_reach", _always("date_too_old")),
    Case("F06", "400 no JSON", "refused:bad_request", _always("no_json")),
    Case("F07", "a retired report", "refused:unknown_in_this_cloud", _always("unknown_segment"), before="day"),
    Case("F08", "401 once", "published", _once("token_rejected")),
    Case("F08", "401 for ever", "deferred:unauthorized", _always("token_rejected")),
    Case("F09", "403", "refused:permission", _always("no_permission")),
    Case("F09", "403, wrapped", "refused:permission", _always("no_permission", wrapped=True)),
    Case("F09", "403, a metric that is switched off", "refused:not_switched_on", _always("not_switched_on")),
    Case("F10", "204", "no_data:empty_body", _always("no_content")),
    Case("F10", "404 unknown tenant", "no_data:unknown_tenant", _always("unknown_tenant")),
    Case("F11", "200 without redirect", "published", _always("direct")),
    Case("F12", "a redirect with a body", "published", _always("redirect_body")),
    Case("F12", "a redirect with a gzip bomb", "published", _always("gzip_bomb", {"listener": "graph"})),
    Case("F13", "a reset before the answer", "published", _once("reset")),
    Case("F13", "a reset in the download", "published", _once("reset", {"listener": "download"}, after=3)),
    Case("F13", "a late answer", "published", _once("hang", seconds=0.2)),
    Case("F13", "an answer that never comes, 60 s", "published", _once("hang", seconds=None), slow=True),
    Case(
        "F13",
        "a download that falls silent, 60 s",
        "published",
        _once("silence", {"listener": "download"}, seconds=None, chunks=2),
        slow=True,
    ),
    *(
        Case("F15", f"Location {text and text[:50]}", "refused:bad_redirect", _always("redirect", location=text))
        for text in _BAD_LOCATIONS
    ),
    Case("F18", "the download host wants credentials", "deferred:download_failed", _always("missing_credentials")),
    Case(
        "F19",
        "two expired URLs, 403 and 404",
        "published",
        _in_a_row("url_expired", each=[{"status": status} for status in (403, 404)]),
    ),
    Case("F19", "URLs that are always expired", "deferred:download_failed", _always("url_expired")),
    *(Case("F21", f"{fault} once", "published", _once(fault)) for fault in ("cut", "cut_end", "cut_chunk")),
    *(Case("F21", f"{fault} always", "deferred:cut_short", _always(fault)) for fault in ("cut", "cut_chunk")),
    Case("F21", "a length that is too long", "deferred:cut_short", _always("wrong_length", extra=7)),
    Case("F21", "a length that is too short", "deferred:cut_short", _always("wrong_length", extra=-60)),
    Case("F21", "neither length nor chunks", "deferred:unframed", _always("unframed")),
    Case("F23", "gzip that nobody asked for", "published", _always("gzip")),
    Case("F23", "gzip without its end", "deferred:cut_short", _always("gzip_cut")),
    Case("F23", "gzip with a wrong checksum", "deferred:cut_short", _always("gzip_bad_crc")),
    Case("F24", "a gzip bomb of 4 GB", "refused:bomb", _always("gzip_bomb", size=4 << 30)),
    Case("F25", "304 without a condition", "deferred:not_modified", _always("not_modified")),
    Case("F25", "the same ETag for everything", "published", _always("etag"), before="day"),
    Case("F27", "no BOM", "published", _always("no_bom")),
    Case("F27", "two BOMs", "published", _always("two_boms")),
    Case("F27", "UTF-16", "quarantined:not_utf8", _always("utf16")),
    Case("F27", "invalid UTF-8", "quarantined:not_utf8", _always("invalid_utf8")),
    *(Case("F28", fault, "published", _always(fault)) for fault in ("lf", "mixed_line_ends", "blank_lines")),
    Case("F28", "no line end at the end", "published:unended", _always("no_final_newline")),
    Case("F28", "an error behind the rows", "deferred:cut_short", _always("followed")),
    Case("F28", "an error behind half a row, once", "published", _once("followed", by=40)),
    Case("F28", "cut in the last number, once", "published", _once("truncated", at=-3)),
    Case("F28", "cut in a row, well framed", "deferred:cut_short", _always("truncated", at=1000)),
    Case("F28", "a ragged row", "published:ragged", _always("ragged", cells=1), before="day"),
    Case("F29", "0 bytes", "no_data:empty_body", _always("empty"), before="day"),
    Case("F29", "only a BOM", "no_data:empty_body", _always("bom_only"), before="day"),
    Case("F29 F49", "only a header", "no_data:no_rows", _always("header_only"), before="day"),
    Case("F30", "HTML with 200", "quarantined:not_this_report", _always("page")),
    Case("F30", "JSON with 200", "quarantined:not_this_report", _always("page", text='{"error":{}}', kind="text/json")),
    Case("F31", "half the refresh dates blank", "published", _always("date_blank", share=0.5)),
    Case("F31", "no refresh date", "quarantined:no_refresh_date", _always("date_blank")),
    Case("F31", "two refresh dates", "quarantined:two_refresh_dates", _always("two_dates")),
    Case("F31", "refresh dates that are those of the rows", "published:own_dates", _always("own_dates"), call=OTHER),
    Case("F33", "a date as midnight", "published", _always("date_form")),
    Case("F33", "the date of tomorrow", "published", _always("date_form", text="{tomorrow}")),
    *(
        Case("F33", f"the date {text}", "quarantined:bad_refresh_date", _always("date_form", text=text))
        for text in ("{us}", "0001-01-01", "2099-01-01")
    ),
    *(
        Case("F34", what, "published:schema_changed", _always(fault, **args), call=call, before="day")
        for what, fault, args, call in (
            ("a column added at the end", "column_added", {}, DETAIL),
            ("a column added in the middle", "column_added", {"at": 2}, DETAIL),
            ("a column moved", "column_moved", {}, DETAIL),
            ("a column renamed", "column_renamed", {"column": "Is Deleted", "to": "Deleted"}, DETAIL),
            ("a column removed", "column_removed", {}, ACCOUNTS),
        )
    ),
    Case("F36", "blank for 0", "published published:schema_changed", _always("zeros_blank")),
    Case("F37", "commas, line ends, NUL and more in a cell", "published", _always("odd_cell")),
    Case("F39", "repeated rows", "published:repeated_rows", _always("rows_repeated", count=3)),
    Case(
        "F39",
        "a site with two URLs",
        "published:repeated_rows",
        _always("rows_repeated", column="Site URL", text="https://other.example/"),
        call=SITES,
    ),
    Case("F40", "names concealed", "published:names_changed", _always("concealed"), before="day"),
    Case("F40", "some names concealed", "published:names_changed", _always("concealed", share=0.5), before="day"),
    *(
        Case("F40", f"names are {text}", f"published:{flags}", _always("unnamed", **args), before="day")
        for text, flags, args in (
            ("(Unknown)", "names_changed", {"columns": ["User Principal Name"]}),
            ("blank", "schema_changed,names_changed", {"text": ""}),
            ("anon-0001 and more", "names_changed", {"text": "anon-{number:04}"}),
        )
    ),
    Case("F41", "Site URL went blank", "published:schema_changed", _always("column_blank"), call=SITES, before="day"),
    Case("F42", "rows in another order", "revised:reordered", _always("rows_reordered"), before="same"),
    Case("F42", "products in another order", "revised:reordered", _always("products_reordered"), before="same"),
    Case("F45", "a refresh date that is stuck", "unchanged", _always("stuck"), before="day"),
    Case("F48", "half the rows", "published:shrunk", _always("shrunk"), before="day"),
    Case(
        "F48",
        "half the rows, in another order each time",
        "published:shrunk",
        [*_always("shrunk"), {**_always("rows_reordered")[0], "nth": 2}],
        before="day",
    ),
    Case("F48", "half the rows, once", "published", _once("shrunk"), before="day"),
    Case(
        "F48",
        "half the rows, then still fewer",
        "published:shrunk",
        [*_once("shrunk"), {"fault": "shrunk", "nth": 2, "args": {"share": 0.4}}],
        before="day",
    ),
    Case(
        "F52",
        "the token endpoint answers 400, 404, 429, 500, 503",
        "published",
        _in_a_row("token_error", FOR_GRAPH, each=[{"status": status} for status in (400, 404, 429, 500, 503)]),
    ),
    Case("F54", "the token endpoint is down", "deferred:no_token", _always("token_error", FOR_GRAPH)),
    Case("F55", "a token without roles", "refused:permission", _always("token_without_roles", FOR_GRAPH)),
    *(
        Case("F56", f"{text[:30]} for a token", "deferred:no_token", _always("token_garbage", FOR_GRAPH, text=text))
        for text in (
            '{"access_token": ',
            "[]",
            '{"access_token": "x", "expires_on": "soon", "resource": "x"}',
            '{"access_token": "\\u2603", "expires_on": "4102444800", "resource": "x", "token_type": "Bearer"}',
        )
    ),
    Case("F56", "a clock that is 10 min ahead", "deferred:unauthorized", _always("token_skewed", FOR_GRAPH)),
    Case("F56", "an expired token", "deferred:no_token deferred:unauthorized", _always("token_expired", FOR_GRAPH)),
    Case("F56", "a token for another audience", "deferred:unauthorized", _always("token_for_another", FOR_GRAPH)),
    Case("F58", "storage is busy once", "published", storage=_once("busy", WRITE)),
    Case("F58", "storage is busy", "deferred:archive_unavailable", storage=_always("busy", WRITE)),
    Case(
        "F58",
        "storage times out with 500, then 408",
        "published",
        storage=[*_once("timed_out", WRITE), {"fault": "too_slow", "nth": 2, "match": WRITE}],
    ),
    Case("F58", "a reset by storage", "published", storage=_once("reset", WRITE)),
    Case("F59", "no permission to write", "deferred:archive_unavailable", storage=_always("no_permission", WRITE)),
    Case("F60", "the container is gone", "published", storage=_once("container_missing", WRITE)),
    Case("F60", "the blob is immutable", "deferred:conflict", storage=_at_creation("immutable")),
    Case("F60", "a container that goes", "deferred:archive_unavailable", storage=_always("container_going", WRITE)),
    Case("F60", "412, the blob is leased", "deferred:archive_unavailable", storage=_at_creation("leased")),
    Case("F60", "409, the blob exists", "deferred:conflict", storage=_at_creation("exists")),
    Case("F61", "another writer of the series", "published", storage=_once("changed", SERIES)),
    Case("F61", "a condition is not met", "deferred:conflict", storage=_at_creation("changed")),
    Case("F62", "the answer to the write is lost", "published unchanged", storage=_once("lost_answer", WRITE)),
    *(
        Case(f"{ids}", f"{what}, of a large body", ends, large("Display Name"), storage)
        for ids, what, ends, storage in (
            ("F58", "storage is busy once at the commit", "published", _once("busy", COMMIT)),
            ("F58", "storage is busy at the commit", "deferred:archive_unavailable", _always("busy", COMMIT)),
            ("F58", "a reset at a block", "published", _once("reset", PUT_BLOCK)),
            ("F59", "no permission to write", "deferred:archive_unavailable", _always("no_permission", PUT_BLOCK)),
            ("F60", "the container is gone", "published", _once("container_missing", PUT_BLOCK)),
            ("F60", "the blob is immutable", "deferred:conflict", _at_creation("immutable")),
            ("F61", "a condition is not met", "deferred:conflict", _at_creation("changed")),
            ("F62", "the answer to a block is lost", "published", _once("lost_answer", PUT_BLOCK)),
            ("F62", "the answer to the commit is lost", "published unchanged", _once("lost_answer", COMMIT)),
        )
    ),
    Case("F63", "the series cannot be written", "published", storage=_always("busy", SERIES)),
    Case(
        "F65",
        "a list that lacks the newest blob",
        "unchanged deferred:conflict",
        storage=_always("stale_list", {"container": "usage*"}),
        before="same",
    ),
    Case("F66", "storage is slow", "published", storage=_always("delay", seconds=0.1)),
    Case("F66", "storage is 30 s late", "published", storage=_once("delay", WRITE), slow=True),
    Case("F66", "storage does not answer", "published", storage=_once("hang", WRITE), slow=True),
    *(
        Case("F67", f"the account is {fault}", "deferred:archive_unavailable", storage=_always(fault, WRITE))
        for fault in ("read_only", "disabled", "key_rotated", "firewall")
    ),
)
