"""Whatever is asked is answered: with what is meant, or with a problem document that says what is allowed.

The rows are asked over a socket, so that nothing puts a URL or a header in order on the way.
"""

import gzip
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from local.stack import Stack
from shared.app import App
from shared.domain.call import Call
from shared.settings import read
from tests.reliability.storage_proxy import FaultyStorage
from tests.serving import COUNTS, DAY, DETAIL, NOW, SERVICES, Served, serving
from tests.shelf import lines, snapshot

NAME = f"/api/v1.0/reports/{SERVICES}"
GOOD = f"{NAME}(period='D7')"
PATIENCE = 10
"""Seconds: what takes longer hangs. How fast the answers are is measured by the bench."""
OTHER = f"{COUNTS}(period='D30')"
SERIES = f"{GOOD}/series"
LIST = f"{GOOD}/snapshots"
NAMED = f"/api/personal/v1.0/reports/{DETAIL}(period='D30')"
TOMORROW = (NOW + timedelta(days=1)).date().isoformat()
TAGS = [f'"{number:03}"' for number in range(1000)]
FORMULA, SCRIPT = '=HYPERLINK("http://evil.example","x")', "</script><img src=x onerror=alert(1)>"
BODY = lines(
    "Report Refresh Date,User Principal Name,Display Name,Report Period",
    f'2026-11-18,ann@example.com,"{FORMULA.replace(chr(34), chr(34) * 2)}",30',
    f"2026-11-18,bob@example.com,{SCRIPT},30",
)

FOUND_OUT_EARLY = ("unknown_report", "unknown_path", "bad_argument", "not_acceptable", "method_not_allowed", None)
"""What needs no look at storage; None is what the host refuses."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    seconds: float

    @property
    def code(self) -> str | None:
        """Of a problem document; None for an answer without a body."""
        if self.status < 400 or not self.body:
            return None
        assert self.headers["content-type"] == "application/json"
        document = json.loads(self.body)
        assert document["error"] == {"code": document["code"], "message": document["detail"]}
        return str(document["code"])


class Asking(NamedTuple):
    """The app, what it logged, and what it asked of storage."""

    served: Served
    storage: FaultyStorage
    log: list[str]

    def ask(
        self,
        target: str,
        keys: tuple[str | None, str | None] = ("reports", None),
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send exactly this, and the keys in the header and in the query."""
        in_header, in_query = (key and self.served.host.keys.get(key, "x" * 43) for key in keys)
        if in_query:
            target += f"{'&' if '?' in target else '?'}code={in_query}"
        sent = {"Host": "localhost"} | ({"x-functions-key": in_header} if in_header else {}) | dict(headers or {})
        started = time.perf_counter()
        with closing(HTTPConnection(urlsplit(self.served.host.url).netloc, timeout=30)) as connection:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            content = answer.read()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, content, time.perf_counter() - started)


class Row(NamedTuple):
    """A request, and what is expected of its answer."""

    id: str
    target: str
    status: int
    code: str | None = None
    """Of the problem document; None for an answer without a body."""
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    keys: tuple[str | None, str | None] = ("reports", None)
    """Whose key is in the header, and whose in the query; `wrong` is nobody's."""
    like: str = ""
    """A target that gives the same body."""
    check: Callable[[Asking, Answer], None] = lambda asking, answer: None
    """Looks closer."""


def it_unpacks_to_the_bytes_of_graph(asking: Asking, answer: Answer) -> None:
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == asking.ask(GOOD).body


def it_has_the_headers_of_get(asking: Asking, answer: Answer) -> None:
    full = asking.ask(GOOD)
    assert {**answer.headers, "date": ""} == {**full.headers, "date": ""}
    assert answer.headers["content-length"] == str(len(full.body))
    assert answer.body == b""


def it_says_which_methods_there_are(asking: Asking, answer: Answer) -> None:
    assert answer.headers["allow"] == "GET, HEAD"


def nobody_is_sent_to_evil(asking: Asking, answer: Answer) -> None:
    assert "evil" not in str(answer.headers) + answer.body.decode()


def no_other_origin_is_let_in(asking: Asking, answer: Answer) -> None:
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def formulas_are_harmless_there_only(asking: Asking, answer: Answer) -> None:
    assert "\"'=HYPERLINK(" in answer.body.decode()
    assert asking.ask(NAMED, ("personal_reports", None)).body == BODY


def names_are_no_markup(asking: Asking, answer: Answer) -> None:
    assert b"<script" not in answer.body
    assert b"<img" not in answer.body


def nobody_is_named(asking: Asking, answer: Answer) -> None:
    assert SCRIPT.encode() not in answer.body
    assert b"example.com" not in answer.body


def others_are_served_meanwhile(asking: Asking, answer: Answer) -> None:
    address = urlsplit(asking.served.host.url)
    with ExitStack() as slow:
        for _ in range(40):
            client = slow.enter_context(socket.create_connection((address.hostname, address.port), 30))
            client.sendall(f"POST {GOOD} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n".encode())
        assert asking.ask(GOOD).status == 200
        assert asking.ask(GOOD).seconds < PATIENCE


def all_of_five_hundred_are_served_from_memory(asking: Asking, answer: Answer) -> None:
    asking.storage.seen.clear()
    address = urlsplit(asking.served.host.url)
    request = f"GET {GOOD} HTTP/1.1\r\nHost: x\r\nx-functions-key: {asking.served.key}\r\n\r\n".encode()
    with ExitStack() as flood:
        clients = []
        for _ in range(500):
            clients.append(flood.enter_context(socket.create_connection((address.hostname, address.port), 30)))
            clients[-1].sendall(request)
        assert asking.ask(f"/api/v1.0/reports/{OTHER}").seconds < PATIENCE
        for client in clients:
            with closing(HTTPResponse(client)) as response:
                response.begin()
                assert (response.status, response.read()) == (200, answer.body)
    assert not [each for each in asking.storage.seen if each.name == "get" and SERVICES in each.blob]


def each(id: str, targets: list[str], status: int, code: str | None = None) -> Iterator[Row]:
    for number, target in enumerate(targets, 1):
        yield Row(f"{id}-{number}", target, status, code)


def dates(id: str, text: str, refresh_date: int, as_of: int, first: int, end: int) -> Iterator[Row]:
    """A date, and the status that it gives as `refreshDate`, `asOf`, `from` and `to`."""
    codes = {400: "bad_argument", 404: "in_future" if text == TOMORROW else "before_archive"}
    for name, path, status in (
        ("refreshDate", GOOD, refresh_date),
        ("asOf", GOOD, as_of),
        ("from", SERIES, first),
        ("to", SERIES, end),
    ):
        yield Row(f"{id}-{name}", f"{path}?{name}={text}", status, codes.get(status))


ROWS = [
    Row("B01", f"{NAME}?period=D8", 400, "bad_argument"),
    Row("B02", f"{NAME}?period=d7", 200, like=GOOD),
    Row("B04", f"{NAME}?period=D7&period=D30", 400, "bad_argument"),
    Row("B05", f"{NAME}?period[]=D7", 400, "bad_argument"),
    Row("B06", f"{NAME}?period=", 400, "bad_argument"),
    Row("B08", f"{NAME}?period=%44%37", 200, like=GOOD),
    Row("B10", f"{GOOD}?unknown=1", 400, "bad_argument"),
    Row("B11", "/api/v1.0/reports/..%2f..%2fmanifest", 404, "unknown_report"),
    Row("B12", "/api/v1.0/reports/%2e%2e%5c%2e%2e", 404, "unknown_report"),
    Row("B14", f"{NAME}%00.csv", 404, "unknown_report"),
    Row("B15", f"/api/v1.0/reports/{SERVICES.upper()}?period=D7", 200, like=GOOD),
    Row("B16", GOOD, 200, like=f"{NAME}?period=D7"),
    *each("B17", ["/api/v1.0/reports/%24logs", "/api/v1.0/reports/%24web"], 404, "unknown_report"),
    Row("B18", "/api/v1.0/reports//snapshots", 404, "unknown_report"),
    *each("B20", [f"/api/v1.0/reports/{name}" for name in ("con", "aux", "nul")], 404, "unknown_report"),
    *dates("B21", "2024-02-30", 400, 400, 400, 400),
    *dates("B22", "2023-02-29", 400, 400, 400, 400),
    *dates("B23", "2024-02-29", 404, 404, 200, 200),
    *dates("B24", "24-11-29", 400, 400, 400, 400),
    *dates("B25", "2024-11-29T00:00:00Z", 400, 404, 400, 400),  # asOf may be an instant
    *dates("B26", "2024-1-9", 400, 400, 400, 400),
    *dates("B27", "11/29/2024", 400, 400, 400, 400),
    *dates("B29-minus", "-2024-11-29", 400, 400, 400, 400),
    *dates("B29-plus", "%2B2024-11-29", 400, 400, 400, 400),
    *dates("B32", TOMORROW, 404, 404, 200, 200),
    Row("B33", f"{LIST}/../../{OTHER}", 404, "unknown_report"),
    *each(
        "B36",
        [f"{GOOD}?refreshDate=2024-11-29&revision={text}" for text in ("0", "-1", "1e9", "99999999999999999999")],
        400,
        "bad_argument",
    ),
    Row("B37", f"{GOOD}?refreshDate=2024-11-29&revision=1&revision=2", 400, "bad_argument"),
    Row("B38", f"{SERIES}?from=2024-12-01&to=2024-11-01", 400, "bad_argument"),
    Row("B39", f"{SERIES}?from=1970-01-01&to=9999-12-31", 200, like=SERIES),
    *each("B40", [f"{LIST}?limit={text}" for text in ("0", "-1", "1000000000", "1.5", "NaN")], 400, "bad_argument"),
    *each("B41", [f"{LIST}?cursor={text}" for text in ("Zm9yZ2Vk", "eyJyZXBvcnQiOiJ4In0=")], 400, "bad_argument"),
    Row("B43", GOOD, 416, "range_not_satisfiable", headers={"Range": "bytes=999999999999-"}),
    Row("B44-1", GOOD, 416, "range_not_satisfiable", headers={"Range": "bytes=-0"}),
    Row("B44-2", GOOD, 200, headers={"Range": "bytes=abc"}, like=GOOD),
    Row("B45-1", GOOD, 431, headers={"If-None-Match": ", ".join(TAGS * 10)}),  # more than the host takes
    Row("B45-2", GOOD, 200, headers={"If-None-Match": ", ".join(TAGS)}, like=GOOD),
    Row("B47-1", GOOD, 200, headers={"If-Modified-Since": "garbage"}, like=GOOD),
    Row("B47-2", GOOD, 304, headers={"If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"}),
    Row("B48-1", GOOD, 200, headers={"Accept": "application/json"}, like=GOOD),
    Row("B48-2", GOOD, 200, headers={"Accept": "image/png"}, like=GOOD),
    Row("B50", GOOD, 200, headers={"Accept-Encoding": "gzip"}, check=it_unpacks_to_the_bytes_of_graph),
    Row("B51", GOOD, 200, method="HEAD", check=it_has_the_headers_of_get),
    *(
        Row(f"B52-{method}", GOOD, 405, "method_not_allowed", method, check=it_says_which_methods_there_are)
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    ),
    Row("B53", GOOD, 200, headers={"X-HTTP-Method-Override": "DELETE"}, like=GOOD),
    Row("B54-1", GOOD, 405, "method_not_allowed", "TRACE", check=it_says_which_methods_there_are),
    Row("B54-2", "/", 404, method="TRACE"),
    Row("B54-3", "evil.example:443", 404, method="CONNECT"),
    Row("B55-1", GOOD, 401, keys=(None, None)),
    Row("B55-2", GOOD, 401, keys=("wrong", None)),
    Row("B55-3", GOOD, 401, keys=(None, "wrong")),
    Row("B55-4", GOOD, 401, keys=("wrong", "reports")),
    Row("B55-5", NAMED, 401, keys=("reports", None)),
    Row("B56", GOOD, 200, keys=(None, "reports"), like=GOOD),
    Row("B58-1", GOOD, 200, headers={"Host": "evil.example"}, check=nobody_is_sent_to_evil),
    Row(
        "B58-2",
        LIST,
        200,
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"},
        check=nobody_is_sent_to_evil,
    ),
    Row("B59-1", GOOD, 200, headers={"Origin": "https://evil.example"}, check=no_other_origin_is_let_in),
    Row(
        "B59-2",
        GOOD,
        405,
        "method_not_allowed",
        "OPTIONS",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"},
        check=no_other_origin_is_let_in,
    ),
    Row("B61", GOOD, 200, check=others_are_served_meanwhile),
    Row("B62", GOOD, 200, check=all_of_five_hundred_are_served_from_memory),
    # Nobody says over HTTP what is pulled; there is nothing to erase or verify. The host has a door of its own.
    *(
        Row(f"B63-{number}", "/api/pull", 400, "bad_argument", "POST", body=body, keys=("pull_now", None))
        for number, body in enumerate(
            (b"x" * 10_000_000, b"no JSON", b'{"report":"../x"}', b'{"report":"getNothing"}'), 1
        )
    ),
    Row("B64", "/admin/functions/pull", 401, method="POST", body=b"{}"),
    Row("B65", "/admin/functions/pull", 401, method="POST", body=b'{"location":"http://169.254.169.254/"}'),
    *(
        Row(f"B66-{number}", "/api/erase", 405, "method_not_allowed", "POST", body=body)
        for number, body in enumerate((b'{"upn":"*"}', b'{"upn":""}', b'{"upn":".*"}', b"x" * 1_000_000), 1)
    ),
    Row("B68", "/api/verify", 404, "unknown_path"),
    *each("B69", ["/admin/host/status", "/runtime/webhooks", "/.env", "/.git/config"], 404),
    *each("B69-api", ["/api/.env", "/api/v1.0/.git/config", "/api/admin/host/status"], 404, "unknown_path"),
    Row("B70", f"{NAMED}?format=excel", 200, keys=("personal_reports", None), check=formulas_are_harmless_there_only),
    Row("B71-1", f"{NAMED}/series?format=svg", 200, keys=("personal_reports", None), check=names_are_no_markup),
    Row("B71-2", "/api/dashboard", 200, keys=(None, None), check=nobody_is_named),
]


@pytest.fixture(scope="module")
def asking(stack: Stack) -> Iterator[Asking]:
    """The app over storage that is watched, with a cell in it that is a formula, and one that is markup."""
    log = _Lines()
    with (
        FaultyStorage(stack.settings) as storage,
        serving(stack, storage.settings, log) as served,
    ):
        call = Call(DETAIL, period="D30")
        archive = App(read(stack.settings), lambda: NOW).archive
        with archive.snapshots.upload(call) as upload:
            upload.write(BODY, DAY)
            upload.commit(DAY, snapshot(call, DAY, BODY).metadata)
        yield Asking(served, storage, log.lines)


class _Lines(logging.Handler):
    """All that is logged, as lines."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_bad_input_is_answered_well(asking: Asking, row: Row) -> None:
    asking.storage.seen.clear()
    answer = asking.ask(row.target, row.keys, row.method, row.headers, row.body)
    seen = list(asking.storage.seen)

    assert (answer.status, answer.code) == (row.status, row.code)
    assert b"Traceback" not in answer.body
    assert answer.seconds < PATIENCE
    if answer.status >= 400 and answer.code in FOUND_OUT_EARLY:
        assert seen == []
    if row.like:
        assert answer.body == asking.ask(row.like).body
    row.check(asking, answer)
    assert asking.log
    assert not [line for line in asking.log if any(key in line for key in asking.served.host.keys.values())]


def test_all_without_a_good_key_get_the_same_answer(asking: Asking) -> None:
    refused = [asking.ask(row.target, row.keys) for row in ROWS if row.id.startswith("B55")]
    assert len(refused) == 5
    assert {(answer.status, answer.body, str({**answer.headers, "date": ""})) for answer in refused} == {
        (401, b"", str({**refused[0].headers, "date": ""}))
    }
