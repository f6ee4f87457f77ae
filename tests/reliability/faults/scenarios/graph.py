"""Graph and the download host: silence, endless answers, a busy neighbour, where a report may be downloaded from."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from shared.domain.errors import PullError
from shared.graph.client import checked_location
from shared.graph.session import Limits
from tests.reliability.faults.cases import CALL, OTHER
from tests.reliability.faults.scenario import InMemoryStage, RealStage, Scenario, Stage, ended, must, must_end

DETAIL = "getOffice365ActiveUserDetail"
SHORT = Limits(connect_timeout=0.3, read_timeout=0.5, total_timeout=2.0, max_bytes=1 << 20)
"""Limits that no test has to wait for."""


def _ails(ends: str, fault: str, match: Mapping[str, str] | None = None, **args: Any) -> Callable[[RealStage], str]:
    """One report meets the fault at every request; another goes on."""

    def play(stage: RealStage) -> str:
        where = {"call": CALL} | dict(match or {})
        stage.spoil([{"fault": fault, "times": None, "match": where, "args": args}])
        run = stage.app(f"{CALL}, {OTHER}", limits=SHORT).pull_run.execute()
        pulls = {str(result.call): result for result in run.pulls}
        must_end(pulls[OTHER], "published")
        return must_end(pulls[CALL], ends)

    return play


def _connect_hangs(stage: RealStage) -> str:
    """Nobody accepts connections, and no more of them can wait."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        app = stage.app(CALL, limits=SHORT, GRAPH_ENDPOINT=f"http://127.0.0.1:{address[1]}")
        result = stage.pull(app)
        for each in waiting:
            each.close()
    return must_end(result, "deferred:unreachable")


def _neighbour(stage: Stage) -> str:
    """Another app uses up what the tenant may ask for, for half an hour."""
    stage.control.put("neighbour", {"function": "*", "used": 40})
    app = stage.app(f"{CALL}, {OTHER}")
    for result in app.pull_run.execute().pulls:
        must_end(result, "deferred:rate_limited", "deferred:budget", "deferred:out_of_time")
    stage.control.put("neighbour", {"function": "*", "used": 0})
    stage.control.sleep(6 * 3600)
    stage.forget()
    for result in app.pull_run.execute().pulls:
        must_end(result, "published")
    return "deferred, then published"


def _day_out_of_reach(stage: Stage) -> str:
    """Graph says of each single day that it is too old."""
    stage.spoil([{"fault": "date_too_old", "times": None, "match": {"call": f"{DETAIL}(date=*"}}])
    app = stage.app(DETAIL)
    requests: Counter[str] = Counter()
    for _ in range(3):
        stage.forget()
        app.pull_run.execute()
        stage.control.sleep(6 * 3600)
        paths = (unquote(entry["path"]) for entry in stage.control.get("record", listener="graph"))
        requests.update(path for path in paths if "(date=" in path)
    must(set(requests.values()) == {1}, f"days were requested again: {requests.most_common(3)}")
    return f"refused:date_out_of_reach, {len(requests)} days, once each"


def _hosts(stage: Stage) -> str:
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


def _nothing_carried(stage: Stage) -> str:
    """The download host refuses whoever sends it a bearer."""
    pulled = stage.pull(stage.app(OTHER))
    (download,) = stage.control.get("record", listener="download")
    sent = {name.lower() for name in download["headers"]}
    usual = {"host", "user-agent", "accept-encoding", "accept", "connection"}
    must(sent <= usual, f"the download host was sent {sorted(sent - usual)}")
    return must_end(pulled, "published")


def _same_tag(stage: Stage) -> str:
    """The body is corrected, and its ETag, which is the refresh date, is the same."""
    stage.tomorrow(23, 59)
    app = stage.app(CALL)
    stage.pull(app)
    first = stage.newest(app, CALL)
    with stage.corrected(first):
        stage.tomorrow(0, 0)
        pulled = stage.pull(app)
    must(stage.newest(app, CALL).metadata.etag == first.metadata.etag, "the ETags differ, so nothing was tried")
    return must_end(pulled, "revised")


def _tries(stage: Stage) -> str:
    """The download host wants credentials at every try."""
    stage.spoil([{"fault": "missing_credentials", "times": None}])
    result = stage.pull(stage.app(OTHER))
    addresses = len(stage.control.get("record", listener="graph"))
    must(addresses == 3, f"Graph gave {addresses} addresses")
    return f"{ended(result)}, {addresses} addresses"


GRAPH: tuple[Scenario[Any], ...] = (
    Scenario("F03", "another app uses up the limit of the tenant", _neighbour, InMemoryStage),
    Scenario("F05", "400 for each single day", _day_out_of_reach, InMemoryStage),
    Scenario("F13", "a connection that hangs", _connect_hangs, RealStage),
    Scenario("F13", "an answer that never comes", _ails("deferred:unreachable", "hang", seconds=None), RealStage),
    Scenario(
        "F13", "silence behind the head", _ails("deferred:cut_short", "silence", {"listener": "download"}), RealStage
    ),
    Scenario(
        "F13",
        "silence in the body",
        _ails("deferred:cut_short", "silence", {"listener": "download"}, chunks=1),
        RealStage,
    ),
    Scenario("F14", "Location in another official region", _hosts, InMemoryStage),
    Scenario("F17", "a download host that refuses a bearer", _nothing_carried, InMemoryStage),
    Scenario("F18", "the download host wants credentials for ever", _tries, InMemoryStage),
    Scenario("F24", "an endless body", _ails("refused:too_large", "endless"), RealStage),
    Scenario("F24", "a byte at a time", _ails("deferred:too_slow", "drip", seconds=0.1), RealStage),
    Scenario("F25", "a correction with the same ETag", _same_tag, InMemoryStage),
)
