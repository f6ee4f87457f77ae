"""Graph and the download host: silence, endless answers, a busy neighbour, where a report may be downloaded from."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from shared.domain.errors import PullError
from shared.graph.client import checked_location
from shared.graph.session import Limits
from tests.reliability.faults.scenario import Scenario, ended, must, must_end

if TYPE_CHECKING:
    from tests.reliability.faults.run import Bench

ILL, WELL = "getOffice365ServicesUserCounts(period='D7')", "getEmailActivityCounts(period='D7')"
DETAIL = "getOffice365ActiveUserDetail"
SHORT = Limits(connect_timeout=0.3, read_timeout=0.5, total_timeout=1.0, max_bytes=1 << 20)
"""Limits as the app has them, but so that a trial need not wait for them."""


def _ails(ends: str, fault: str, match: Mapping[str, str] | None = None, **args: Any) -> Callable[[Bench], str]:
    """One report meets the fault at every request; another goes on."""

    def play(bench: Bench) -> str:
        rule = {"fault": fault, "times": None, "match": {"call": f"{ILL[:30]}*"} | dict(match or {}), "args": args}
        bench.spoil([rule])
        run = bench.app(f"{ILL}, {WELL}", limits=SHORT).pull_run.execute()
        pulls = {str(pulled.call): pulled for pulled in run.pulls}
        must_end(pulls[WELL], "published")
        return must_end(pulls[ILL], ends)

    return play


def _connect_hangs(bench: Bench) -> str:
    """Nobody accepts connections, and no more of them can wait."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        app = bench.app(ILL, limits=SHORT, GRAPH_ENDPOINT=f"http://127.0.0.1:{address[1]}")
        pulled = bench.pull(app)
        for each in waiting:
            each.close()
    return must_end(pulled, "deferred:unreachable")


def _neighbour(bench: Bench) -> str:
    """Another app uses up what the tenant may ask for, for half an hour."""
    bench.control.put("neighbour", {"function": "*", "used": 40})
    app = bench.app(f"{ILL}, {WELL}")
    for pulled in app.pull_run.execute().pulls:
        must_end(pulled, "deferred:rate_limited", "deferred:budget", "deferred:out_of_time")
    bench.control.put("neighbour", {"function": "*", "used": 0})
    bench.control.sleep(6 * 3600)
    bench.forget()
    for pulled in app.pull_run.execute().pulls:
        must_end(pulled, "published")
    return "deferred, then published"


def _day_out_of_reach(bench: Bench) -> str:
    """Graph says of each single day that it is too old."""
    bench.spoil([{"fault": "date_too_old", "times": None, "match": {"call": f"{DETAIL}(date=*"}}])
    app = bench.app(DETAIL)
    asked: Counter[str] = Counter()
    for _ in range(3):
        bench.forget()
        app.pull_run.execute()
        bench.control.sleep(6 * 3600)
        paths = (unquote(entry["path"]) for entry in bench.control.get("record", listener="graph"))
        asked.update(path for path in paths if "(date=" in path)
    must(set(asked.values()) == {1}, f"days were asked for again: {asked.most_common(3)}")
    return f"refused:date_out_of_reach, {len(asked)} days, once each"


def _hosts(bench: Bench) -> str:
    """Hosts of Microsoft, of regions known and unknown, and what looks like them."""
    hosts = ("reports", "reportsweu", "reportsncu", "reportsapc")
    for host in hosts:
        checked_location(f"https://{host}.office.com/data/v1.0/download?token=x", frozenset())
    for host in ("evil-reports.office.com", "reports.office.com.", "reports.office.co", "reportsé.office.com"):
        try:
            checked_location(f"https://{host}/data/x", frozenset())
        except PullError:
            continue
        must(False, f"{host} is accepted")
    return f"{len(hosts)} hosts accepted by rule"


def _nothing_carried(bench: Bench) -> str:
    """The download host refuses whoever sends it a bearer."""
    pulled = bench.pull(bench.app(WELL))
    (download,) = bench.control.get("record", listener="download")
    sent = {name.lower() for name in download["headers"]}
    usual = {"host", "user-agent", "accept-encoding", "accept", "connection"}
    must(sent <= usual, f"the download host was sent {sorted(sent - usual)}")
    return must_end(pulled, "published")


def _same_tag(bench: Bench) -> str:
    """The body is corrected, and its ETag, which is the refresh date, is the same."""
    bench.tomorrow(23, 59)
    app = bench.app(ILL)
    bench.pull(app)
    first = bench.newest(app, ILL)
    with bench.corrected(first):
        bench.tomorrow(0, 0)
        pulled = bench.pull(app)
    must(bench.newest(app, ILL).origin.etag == first.origin.etag, "the ETags differ, so nothing was tried")
    return must_end(pulled, "revised")


def _tries(bench: Bench) -> str:
    """The download host wants credentials at every try."""
    bench.spoil([{"fault": "missing_credentials", "times": None}])
    pulled = bench.pull(bench.app(WELL))
    asked = len(bench.control.get("record", listener="graph"))
    must(asked == 3, f"Graph was asked for {asked} addresses")
    return f"{ended(pulled)}, {asked} addresses"


GRAPH: tuple[Scenario, ...] = (
    Scenario("F03", "another app uses up the limit of the tenant", _neighbour),
    Scenario("F05", "400 for each single day", _day_out_of_reach),
    Scenario("F13", "a connection that hangs", _connect_hangs),
    Scenario("F13", "an answer that never comes", _ails("deferred:unreachable", "hang", seconds=None)),
    Scenario("F13", "silence behind the head", _ails("deferred:cut_short", "silence", {"listener": "download"})),
    Scenario("F13", "silence in the body", _ails("deferred:cut_short", "silence", {"listener": "download"}, chunks=1)),
    Scenario("F14", "Location in another official region", _hosts),
    Scenario("F17", "a download host that refuses a bearer", _nothing_carried),
    Scenario("F18", "the download host wants credentials for ever", _tries),
    Scenario("F24", "an endless body", _ails("refused:too_large", "endless")),
    Scenario("F24", "a byte at a time", _ails("deferred:too_slow", "drip", seconds=0.1)),
    Scenario("F25", "a correction with the same ETag", _same_tag),
)
