"""The token endpoint: refused at first, failing now and then, hanging, down for days."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.identity import READ_SECONDS
from tests.reliability.faults.cases import CALL, FOR_GRAPH, OTHER
from tests.reliability.faults.scenario import InMemoryStage, RealStage, Scenario, Stage, must, must_end


def _refused_at_first(stage: RealStage) -> str:
    """The token endpoint refuses every connection for the first 20 seconds of a new instance."""
    stage.spoil([{"fault": "refused", "args": {"seconds": 20.0}}])
    started = stage.control.now()
    result = stage.pull(stage.app(CALL, fresh=True))
    waited = (stage.control.now() - started).total_seconds()
    must(20 <= waited <= 60, f"the app waited {waited:.0f} s")
    return f"{must_end(result, 'published')} after {waited:.0f} s"


def _now_and_then(share: float) -> Scenario[RealStage]:
    def play(stage: RealStage) -> str:
        """A share of its answers fails, on eight days; one token is enough for all of a run."""
        stage.spoil([{"fault": "token_error", "times": None, "p": share, "match": FOR_GRAPH}])
        for _ in range(8):
            stage.forget()
            stage.tomorrow(23, 59)
            for result in stage.app(f"{CALL}, {OTHER}").pull_run.execute().pulls:
                must_end(result, "published")
            entries = stage.control.get("record", listener="identity")
            tokens = [each for each in entries if each["status"] == 200 and "127.0.0.1" in each["path"]]
            must(len(tokens) == 1, f"{len(tokens)} tokens were fetched for one run")
        return "published, one token for each run"

    return Scenario("F52", f"one in {1 / share:.0f} tokens fails", play, RealStage, slow=True)


def _hangs(seconds: float) -> Scenario[RealStage]:
    def play(stage: RealStage) -> str:
        """Three requests for a token get no answer."""
        stage.spoil([{"fault": "hang", "times": 3, "match": FOR_GRAPH, "args": {"seconds": None}}])
        return must_end(stage.pull(stage.app(CALL, token_seconds=seconds)), "published")

    return Scenario(
        "F53", f"the token endpoint hangs three times, {seconds:g} s each", play, RealStage, slow=seconds > 1
    )


def _hangs_for_good(stage: RealStage) -> str:
    """No request for a token gets an answer, in the middle of things."""
    app = stage.app(CALL, token_seconds=0.2)
    must_end(stage.pull(app), "published")
    stage.tomorrow(23, 59)
    stage.spoil([{"fault": "hang", "times": None, "match": FOR_GRAPH, "args": {"seconds": None}}])
    return must_end(stage.pull(stage.app(CALL, token_seconds=0.2)), "deferred:no_token")


def _down_for_days(stage: Stage) -> str:
    """No token for Graph for four days; the archive is served all along."""
    stage.tomorrow(23, 59)
    app = stage.app(CALL)
    must_end(stage.pull(app), "published")
    newest = stage.newest(app, CALL)
    stage.spoil([{"fault": "token_error", "times": None, "match": FOR_GRAPH}])
    for _ in range(4):
        stage.at(stage.control.now() + timedelta(days=1))
        app = stage.app(CALL)
        must_end(stage.pull(app), "deferred:no_token")
        must(stage.newest(app, CALL) == newest, "the archive is not served")
        must(app.archive.snapshots.content(newest) != b"", "the archive is not served")
    stage.heal()
    return f"deferred:no_token, then {must_end(stage.pull(app), 'published')}"


IDENTITY: tuple[Scenario[Any], ...] = (
    Scenario("F51", "nobody at the token endpoint for 20 s", _refused_at_first, RealStage),
    _now_and_then(1 / 6),
    _now_and_then(1 / 10),
    _hangs(0.2),
    _hangs(READ_SECONDS),
    Scenario("F53", "the token endpoint hangs for good", _hangs_for_good, RealStage),
    Scenario("F54", "no token for four days", _down_for_days, InMemoryStage),
)
