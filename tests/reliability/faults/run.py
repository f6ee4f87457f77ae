"""Tries one fault on the real app, and looks whether what must hold of an archive still holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from local.simulator_client import Control
from simulator.faults.table import LASTING
from tests.reliability.faults.cases import CASES, Case
from tests.reliability.faults.scenario import InMemoryStage, NotHeld, RealStage, Scenario, Stage, ended, must
from tests.reliability.faults.scenarios import SCENARIOS
from tests.reliability.real_parts import started

Fault = Case | Scenario[Any]
ALL: tuple[Fault, ...] = (*CASES, *SCENARIOS)


class Result(NamedTuple):
    """What became of a fault."""

    ended: str
    """How the pull ended: the outcome, with its reason or flags behind a colon."""
    violated: str
    """What did not hold; empty if all is well."""


Stages = Mapping[type[Stage], Stage]
"""Where faults are tried."""


@contextmanager
def stages(settings: Mapping[str, str], control: Control) -> Iterator[Stages]:
    """Set the stages up beside an app of these settings."""
    with RealStage(settings, control) as real, InMemoryStage(settings, control) as in_memory:
        yield {RealStage: real, InMemoryStage: in_memory}


def attempt(on: Stages, fault: Fault) -> Result:
    """Try a fault on an empty archive, and look at the archive after it, when all is healed."""
    if isinstance(fault, Case):
        stage = on[RealStage if fault.storage else InMemoryStage]
        play: Callable[[Any], str] = partial(_pull_through, fault)
    else:
        stage, play = on[fault.on], fault.play
    stage.begin()
    try:
        how = play(stage)
        stage.heal()
        stage.check()
        broken = stage.violations_at_rest(stage.control.now() + timedelta(hours=3))  # by then all must be in order
    except NotHeld as failure:
        return Result("", str(failure))
    return Result(how, "; ".join(broken))


def _pull_through(case: Case, stage: Stage) -> str:
    """Let the fault happen in one pull, heal it, and pull again. Return how the first one ended."""
    stage.tomorrow(23, 59)
    app = stage.app(case.call)
    if case.before:
        stage.pull(app)
        stage.check()
    stage.spoil(case.graph, case.storage)
    if case.before == "same":
        stage.tomorrow(0, 0)
    elif case.before:
        stage.tomorrow(23, 59)
    result = stage.pull(app)
    stage.check()
    flags = next((blob.metadata.get("flags", "") for (_, name), blob in stage.seen.items() if name == result.blob), "")
    how = ended(result) if result.reason else ":".join(filter(None, (result.outcome, flags)))
    must({how, how.partition(":")[0]} & {*case.ends.split()} != set(), f"it ended as {how}, not as {case.ends}")
    _must_have_happened(case, stage)
    stage.heal()
    stage.tomorrow(23, 59)
    after = stage.pull(app)
    must(not after.requested or after.outcome.is_success, f"the next run ends as {ended(after)}")
    return how


def _must_have_happened(case: Case, stage: Stage) -> None:
    for where, rules in (
        ("Graph", stage.control.get("faults")["rules"]),
        ("storage", stage.storage.rules.shown()["rules"]),
    ):
        must(
            not rules or any(rule["hits"] or rule["fault"] in LASTING for rule in rules),
            f"no fault of {where} happened",
        )


def show_all(users: int = 40) -> int:
    """Try every fault and print the table. Return the exit status: 1 if one did not end as it must."""
    began, wrong = time.monotonic(), 0
    faults = sorted(ALL, key=lambda fault: fault.ids)
    with started(users) as parts, stages(parts.settings, Control(parts.control)) as on:
        for fault in faults:
            result = attempt(on, fault)
            wrong += result.violated != ""
            print(f"{fault.ids:<8} {fault.what:<62} {result.ended:<50} {result.violated or 'held'}", flush=True)
    ids = {each for fault in faults for each in fault.ids.split()}
    seconds = time.monotonic() - began
    print(f"\n{len(faults)} faults of {len(ids)} kinds in {seconds:.0f} s, {wrong} of them did not end as they must.")
    return int(bool(wrong))
