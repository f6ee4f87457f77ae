"""The token endpoint: refused at first, failing now and then, hanging, down for days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from shared.identity import READ_SECONDS
from tests.reliability.faults.cases import FOR_GRAPH
from tests.reliability.faults.scenario import Scenario, must, must_end

if TYPE_CHECKING:
    from tests.reliability.faults.run import Bench

CALLS = ("getOffice365ServicesUserCounts(period='D7')", "getEmailActivityCounts(period='D7')")


def _refused_at_first(bench: Bench) -> str:
    """Nobody is there for the first 20 seconds of a new instance, for storage neither."""
    bench.spoil([{"fault": "refused", "args": {"seconds": 20.0}}])
    started = bench.control.now()
    pulled = bench.pull(bench.app(CALLS[0], fresh=True))
    waited = (bench.control.now() - started).total_seconds()
    must(20 <= waited <= 60, f"{waited:.0f} seconds were waited")
    return f"{must_end(pulled, 'published')} after {waited:.0f} s"


def _now_and_then(share: float) -> Scenario:
    def play(bench: Bench) -> str:
        """Of its answers a share fails, on eight days; one token is enough for all of a run."""
        bench.spoil([{"fault": "token_error", "times": None, "p": share, "match": FOR_GRAPH}])
        for _ in range(8):
            bench.forget()
            bench.tomorrow(23, 59)
            for pulled in bench.app(", ".join(CALLS)).pull_run.execute().pulls:
                must_end(pulled, "published")
            entries = bench.control.get("record", listener="identity")
            tokens = [each for each in entries if each["status"] == 200 and "127.0.0.1" in each["path"]]
            must(len(tokens) == 1, f"{len(tokens)} tokens were fetched for one run")
        return "published, one token for each run"

    return Scenario("F52", f"one in {1 / share:.0f} tokens fails", play, slow=True)


def _hangs(seconds: float) -> Scenario:
    def play(bench: Bench) -> str:
        """Three requests for a token get no answer."""
        bench.spoil([{"fault": "hang", "times": 3, "match": FOR_GRAPH, "args": {"seconds": None}}])
        return must_end(bench.pull(bench.app(CALLS[0], token_seconds=seconds)), "published")

    return Scenario("F53", f"the token endpoint hangs three times, {seconds:g} s each", play, slow=seconds > 1)


def _hangs_for_good(bench: Bench) -> str:
    """No request for a token gets an answer, in the middle of things."""
    app = bench.app(CALLS[0], token_seconds=0.2)
    must_end(bench.pull(app), "published")
    bench.tomorrow(23, 59)
    bench.spoil([{"fault": "hang", "times": None, "match": FOR_GRAPH, "args": {"seconds": None}}])
    return must_end(bench.pull(bench.app(CALLS[0], token_seconds=0.2)), "deferred:no_token")


def _down_for_days(bench: Bench) -> str:
    """No token for Graph for four days; the archive is served all along."""
    bench.tomorrow(23, 59)
    app = bench.app(CALLS[0])
    must_end(bench.pull(app), "published")
    held = bench.newest(app, CALLS[0])
    bench.spoil([{"fault": "token_error", "times": None, "match": FOR_GRAPH}])
    for _ in range(4):
        bench.at(bench.control.now() + timedelta(days=1))
        app = bench.app(CALLS[0])
        must_end(bench.pull(app), "deferred:no_token")
        must(
            bench.newest(app, CALLS[0]) == held and bool(app.archive.snapshots.content(held)),
            "the archive is not served",
        )
    bench.heal()
    return f"deferred:no_token, then {must_end(bench.pull(app), 'published')}"


IDENTITY: tuple[Scenario, ...] = (
    Scenario("F51", "nobody at the token endpoint for 20 s", _refused_at_first),
    _now_and_then(1 / 6),
    _now_and_then(1 / 10),
    _hangs(0.2),
    _hangs(READ_SECONDS),
    Scenario("F53", "the token endpoint hangs for good", _hangs_for_good),
    Scenario("F54", "no token for four days", _down_for_days),
)
