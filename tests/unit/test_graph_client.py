"""What the client of Graph decides without a network: what answers mean, and where reports may come from."""

import json

import pytest

from shared.domain.errors import PullError, Retryable
from shared.graph.client import checked_location
from shared.graph.error_mapping import error_of
from shared.graph.public_address import is_public

SWITCHED_OFF = "Tenant is not enabled for this report type."


def error_body(code: str, message: str = "") -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "innerError": {}}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (
            400,
            error_body("InvalidArgument", "Invalid date value specified: 2020-06-03."),
            PullError,
            "date_out_of_reach",
        ),
        (400, error_body("BadRequest", "Resource not found for the segment 'x'."), PullError, "unknown_in_this_cloud"),
        (400, error_body("BadRequest", "JSON format is not supported."), PullError, "bad_request"),
        (204, b"", PullError, "empty_body"),
        (401, error_body("InvalidAuthenticationToken"), Retryable, "unauthorized"),
        (403, error_body("S2SUnauthorized", "Invalid permission."), PullError, "permission"),
        (403, error_body("UnknownError", error_body("S2SUnauthorized", "No").decode()), PullError, "permission"),
        (403, error_body("MissingCredentials"), PullError, "missing_credentials"),
        (403, error_body("accessDenied", "Access denied."), PullError, "permission"),
        (403, error_body("accessDenied", SWITCHED_OFF), PullError, "not_switched_on"),
        (404, error_body("UnknownTenantId"), PullError, "unknown_tenant"),
        (404, error_body("NotFound"), PullError, "unknown_in_this_cloud"),
        (
            403,
            error_body("UnknownError", error_body("x", "Invalid date value.").decode()),
            PullError,
            "date_out_of_reach",
        ),
        (
            400,
            error_body("UnknownError", '{"error": {"message": "Only 28 days back."}}'),
            PullError,
            "date_out_of_reach",
        ),
        (408, b"", Retryable, "graph_error"),
        (429, error_body("TooManyRequests"), Retryable, "rate_limited"),
        (500, b"<html>", Retryable, "graph_error"),
        (503, b"", Retryable, "graph_error"),
        (503, b"[" * 60_000, Retryable, "graph_error"),
        (999, b"", Retryable, "graph_error"),
    ],
)
def test_what_an_error_of_graph_means(status: int, body: bytes, kind: type[PullError], reason: str) -> None:
    error = error_of(status, {}, body)
    assert (type(error), error.reason) == (kind, reason)


def test_the_code_inside_a_wrapped_error_is_shown() -> None:
    error = error_of(403, {}, error_body("UnknownError", error_body("S2SUnauthorized", "Invalid scope.").decode()))
    assert str(error) == "Graph answered 403 S2SUnauthorized: Invalid scope."


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        ('{"error": {"code": "Inner"}}', "Inner"),
        ('{"error": {"message": "Words."}}', "Outer: Words."),
        ("{not JSON", "Outer: {not JSON"),
        ('{"error": "text"}', 'Outer: {"error": "text"}'),
        ('{"error": {"code": "A", "message": "{\\"error\\": {\\"message\\": \\"Words.\\"}}"}}', "A: Words."),
    ],
)
def test_an_error_in_an_error_keeps_the_innermost_words_that_there_are(message: str, detail: str) -> None:
    assert str(error_of(400, {}, error_body("Outer", message))).startswith(f"Graph answered 400 {detail}")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 10.0),
        ("2.128", 2.128),
        ("0", 0.0),
        ("86400", 86400.0),
        ("Sat, 21 Nov 2026 07:15:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 07:14:00 GMT", None),
        ("-1", None),
        ("nan", None),
        ("abc", None),
        ("Sat, 21 Nov 99999999999999999999 07:15:30 GMT", None),
        ("Sat, 21 Nov 2026 07:15:30 +99999999999999999999", None),
    ],
)
def test_the_wait_that_graph_asks_for(header: str, seconds: float | None) -> None:
    error = error_of(429, {"Retry-After": header, "Date": "Sat, 21 Nov 2026 07:15:00 GMT"}, b"")
    assert isinstance(error, Retryable)
    assert error.after == seconds


@pytest.mark.parametrize("host", ["reports", "reportsncu", "reportsweu", "reports-new1"])
def test_microsofts_hosts_are_allowed_by_rule(host: str) -> None:
    url = f"https://{host}.office.com/data/v1.0/download?token=x"
    assert checked_location(url, frozenset()) == url


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/data/download",
        "http://reports.office.com/data/x",
        "https://reports.office.com:444/data/x",
        "https://reports.office.com/other/x",
        "https://reports.office.com/data/../other/x",
        "https://reports.office.com/data/%2e%2E%5cother/x",
        "https://reports" + "x" * 57 + ".office.com/data/x",
        "https://user@reports.office.com/data/x",
        "https://reports.office.com.evil.example/data/x",
        "https://evil.reports.office.com/data/x",
        "https://reportsé.office.com/data/x",
        "http://169.254.169.254/data/x",
        "https://[::1",
        "https://reports.office.com/data/x#y",
        "https://reports.office.com/data/x y",
        "https://reports.office.com/data/" + "x" * 8192,
        "file:///etc/passwd",
    ],
)
def test_a_redirect_elsewhere_is_refused(location: str) -> None:
    with pytest.raises(PullError) as caught:
        checked_location(location, frozenset(["http://127.0.0.1:9101"]))
    assert caught.value.reason == "bad_redirect"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("13.107.6.171", True),
        ("2620:1ec:4::152", True),
        ("::ffff:13.107.6.171", True),
        ("64:ff9b::13.107.6.171", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%1", False),
        ("fec0::1", False),
        ("ff0e::1", False),
        ("::10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::10.0.0.1", False),
        ("2002:a9fe:a9fe::1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public
