"""What goes wrong in public, one fault at a time: what is injected, and how the pull has to end.

Data only; local/trial.py tries them. The ids are those of the archive's list of faults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

DETAIL = "getOffice365ActiveUserDetail(period='D7')"
ACCOUNTS = "getOneDriveUsageAccountDetail(period='D7')"
Rules = Sequence[Mapping[str, Any]]


class Trial(NamedTuple):
    """One fault, alone."""

    ids: str
    what: str
    ends: tuple[str, ...]
    """The outcomes that are right, each with its reason or flags behind a colon if that matters."""
    graph: Rules = ()
    """For the simulator: Graph, download host, token endpoint."""
    storage: Rules = ()
    """For the proxy in front of storage."""
    call: str = DETAIL
    before: str = ""
    """A healthy pull goes before: on the day before (`day`), or of the same refresh date (`same`)."""

    @property
    def name(self) -> str:
        return f"{self.ids} {self.what}"


def _always(fault: str, match: Mapping[str, str] | None = None, **args: Any) -> Rules:
    return [{"fault": fault, "times": None, "match": match or {}, "args": args}]


def _once(fault: str, match: Mapping[str, str] | None = None, **args: Any) -> Rules:
    return [{"fault": fault, "match": match or {}, "args": args}]


_FOR_GRAPH = {"listener": "identity", "path": "*graph*"}
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
    "{here}",
    "https://evil.example/" + "x" * 9000,
)

TRIALS: tuple[Trial, ...] = (
    Trial("F01", "429 with Retry-After 10", ("published",), _once("throttled", retry_after="10")),
    *(
        Trial("F02", f"429 with Retry-After {text!r}", ("published",), _once("throttled", retry_after=text))
        for text in ("2.128", "0", "-1", "abc", None)
    ),
    Trial("F02", "429 with Retry-After 86400", ("deferred:rate_limited",), _once("throttled", retry_after="86400")),
    Trial("F03", "429 for ever", ("deferred:rate_limited",), _always("throttled", retry_after="600")),
    *(
        Trial("F04", f"503 as {form}", ("published",), _once("server_error", status=503, form=form))
        for form in ("json", "html", "empty")
    ),
    Trial("F04", "500 for ever", ("deferred:graph_error",), _always("server_error")),
    Trial("F05", "400 date too old", ("refused:date_out_of_reach",), _always("date_too_old")),
    Trial("F06", "400 no JSON", ("refused:bad_request",), _always("no_json")),
    Trial("F07", "400 unknown segment", ("refused:unknown_in_this_cloud",), _always("unknown_segment")),
    Trial("F08", "401 once", ("published",), _once("token_rejected")),
    Trial("F08", "401 for ever", ("deferred:unauthorized",), _always("token_rejected")),
    Trial("F09", "403", ("refused:permission",), _always("no_permission")),
    Trial("F09", "403, wrapped", ("refused:permission",), _always("no_permission", wrapped=True)),
    Trial("F10", "404 unknown tenant", ("no_data:unknown_tenant",), _always("unknown_tenant")),
    Trial("F11", "200 without redirect", ("published",), _always("direct")),
    Trial("F12", "a redirect with a body", ("published",), _always("redirect_body")),
    Trial("F13", "a reset before the answer", ("published",), _once("reset")),
    Trial("F13", "a reset in the download", ("published",), _once("reset", {"listener": "download"}, after=3)),
    Trial("F13", "a late answer", ("published",), _once("hang", seconds=0.2)),
    *(
        Trial("F15", f"Location {text[:50]}", ("refused:bad_redirect",), _always("redirect", location=text))
        for text in _BAD_LOCATIONS
    ),
    Trial("F18", "the download host wants credentials", ("deferred:download_failed",), _always("missing_credentials")),
    Trial("F19", "an expired URL", ("published",), _once("url_expired")),
    *(Trial("F21", f"{fault} once", ("published",), _once(fault)) for fault in ("cut", "cut_end", "cut_chunk")),
    *(Trial("F21", f"{fault} always", ("deferred:cut_short",), _always(fault)) for fault in ("cut", "cut_chunk")),
    Trial("F21", "a length that is too long", ("deferred:cut_short",), _always("wrong_length", extra=7)),
    Trial("F21", "a length that is too short", ("deferred:cut_short",), _always("wrong_length", extra=-60)),
    Trial("F21", "neither length nor chunks", ("deferred:unframed",), _always("unframed")),
    Trial("F23", "gzip that nobody asked for", ("published",), _always("gzip")),
    Trial("F23", "gzip without its end", ("deferred:cut_short",), _always("gzip_cut")),
    Trial("F23", "gzip with a wrong checksum", ("deferred:cut_short",), _always("gzip_bad_crc")),
    Trial("F24", "a gzip bomb", ("refused:bomb", "quarantined:not_csv"), _always("gzip_bomb")),
    Trial("F25", "304 without a condition", ("deferred:not_modified",), _always("not_modified")),
    Trial("F25", "the same ETag for everything", ("published",), _always("etag"), before="day"),
    Trial("F27", "no BOM", ("published",), _always("no_bom")),
    Trial("F27", "two BOMs", ("published",), _always("two_boms")),
    Trial("F27", "UTF-16", ("quarantined:not_utf8",), _always("utf16")),
    Trial("F27", "invalid UTF-8", ("quarantined:not_utf8",), _always("invalid_utf8")),
    *(
        Trial("F28", fault, ("published",), _always(fault))
        for fault in ("crlf", "mixed_line_ends", "no_final_newline", "blank_lines")
    ),
    Trial("F28", "cut in a row, well framed", ("deferred:cut_short",), _always("truncated", at=1000)),
    Trial("F28", "a ragged row", ("published:ragged",), _always("ragged", cells=1), before="day"),
    Trial("F29", "0 bytes", ("no_data:empty_body",), _always("empty"), before="day"),
    Trial("F29", "only a BOM", ("no_data:empty_body",), _always("bom_only"), before="day"),
    Trial("F29 F49", "only a header", ("no_data:no_rows",), _always("header_only"), before="day"),
    Trial("F30", "HTML with 200", ("quarantined:not_this_report",), _always("page")),
    Trial(
        "F30", "JSON with 200", ("quarantined:not_this_report",), _always("page", text='{"error":{}}', kind="text/json")
    ),
    Trial("F31", "half the refresh dates blank", ("published",), _always("date_blank", share=0.5)),
    Trial("F31", "no refresh date", ("quarantined:no_refresh_date",), _always("date_blank")),
    Trial("F31", "two refresh dates", ("quarantined:two_refresh_dates",), _always("two_dates")),
    Trial("F33", "a date as midnight", ("published",), _always("date_form")),
    *(
        Trial("F33", f"the date {text}", ("quarantined:bad_refresh_date",), _always("date_form", text=text))
        for text in ("{us}", "0001-01-01", "2099-01-01")
    ),
    *(
        Trial("F34", what, ("published:schema_changed",), _always(fault, **args), call=call, before="day")
        for what, fault, args, call in (
            ("a column added at the end", "column_added", {}, DETAIL),
            ("a column added in the middle", "column_added", {"at": 2}, DETAIL),
            ("a column moved", "column_moved", {}, DETAIL),
            ("a column renamed", "column_renamed", {"column": "Is Deleted", "to": "Deleted"}, DETAIL),
            ("a column removed", "column_removed", {}, ACCOUNTS),
        )
    ),
    Trial("F36", "blank for 0", ("published", "published:schema_changed"), _always("zeros_blank")),
    Trial("F37", "commas, line ends, NUL and more in a cell", ("published",), _always("odd_cell")),
    Trial("F39", "repeated rows", ("published",), _always("rows_repeated", count=3)),
    Trial("F40", "names concealed", ("published:names_changed",), _always("concealed"), before="day"),
    Trial("F40", "some names concealed", ("published:names_changed",), _always("concealed", share=0.5), before="day"),
    Trial(
        "F41",
        "a column went blank",
        ("published:schema_changed",),
        _always("column_blank", column="Owner Display Name"),
        call=ACCOUNTS,
        before="day",
    ),
    Trial("F42", "rows in another order", ("revised:reordered",), _always("rows_reordered"), before="same"),
    Trial("F42", "products in another order", ("revised:reordered",), _always("products_reordered"), before="same"),
    Trial("F45", "a refresh date that is stuck", ("unchanged",), _always("stuck"), before="day"),
    Trial("F48", "half the rows", ("published:shrunk",), _always("shrunk"), before="day"),
    Trial("F52", "the token endpoint fails once", ("published",), _once("token_error", _FOR_GRAPH)),
    Trial("F54", "the token endpoint is down", ("deferred:no_token",), _always("token_error", _FOR_GRAPH)),
    Trial("F55", "a token without roles", ("refused:permission",), _always("token_without_roles", _FOR_GRAPH)),
    Trial("F56", "garbage for a token", ("deferred:no_token",), _always("token_garbage", _FOR_GRAPH)),
    Trial(
        "F56", "an expired token", ("deferred:no_token", "deferred:unauthorized"), _always("token_expired", _FOR_GRAPH)
    ),
    Trial("F56", "a token for another audience", ("deferred:unauthorized",), _always("token_for_another", _FOR_GRAPH)),
    Trial("F58", "storage is busy once", ("published",), storage=_once("busy", {"operation": "commit"})),
    Trial(
        "F58", "storage is busy", ("deferred:archive_unavailable",), storage=_always("busy", {"operation": "commit"})
    ),
    Trial("F58", "a reset by storage", ("published",), storage=_once("reset", {"operation": "put_block"})),
    Trial(
        "F59",
        "no permission to write",
        ("deferred:archive_unavailable",),
        storage=_always("no_permission", {"operation": "put_block"}),
    ),
    Trial(
        "F60", "the container is gone", ("published",), storage=_once("container_missing", {"operation": "put_block"})
    ),
    Trial(
        "F60", "the blob is immutable", ("deferred:conflict",), storage=_always("immutable", {"operation": "commit"})
    ),
    Trial(
        "F60",
        "the container is being deleted",
        ("deferred:archive_unavailable", "deferred:conflict"),
        storage=_always("container_going", {"operation": "put_block"}),
    ),
    Trial(
        "F61",
        "a condition is not met",
        ("deferred:archive_unavailable", "deferred:conflict"),
        storage=_always("changed", {"operation": "commit"}),
    ),
    Trial(
        "F62", "the answer to a block is lost", ("published",), storage=_once("lost_answer", {"operation": "put_block"})
    ),
    Trial(
        "F62",
        "the answer to the commit is lost",
        ("published", "unchanged"),
        storage=_once("lost_answer", {"operation": "commit"}),
    ),
    Trial(
        "F65",
        "a list that lacks the newest blob",
        ("unchanged", "deferred:conflict"),
        storage=_always("stale_list", {"container": "usage*"}),
        before="same",
    ),
    Trial("F66", "storage is slow", ("published",), storage=_always("delay", seconds=0.1)),
    *(
        Trial(
            "F67",
            f"the account is {fault}",
            ("deferred:archive_unavailable",),
            storage=_always(fault, {"operation": "put_block"}),
        )
        for fault in ("read_only", "disabled", "key_rotated", "firewall")
    ),
)
