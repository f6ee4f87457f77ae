"""Tries one fault on the real app, and looks whether what must hold of an archive still holds."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from local.simulator_client import Control
from simulator.faults.table import LASTING
from tests.reliability.faults.cases import CASES, Case
from tests.reliability.faults.scenario import NotHeld, Scenario, Stage, ended, must
from tests.reliability.faults.scenarios import SCENARIOS
from tests.reliability.real_parts import started

ALL: tuple[Case | Scenario, ...] = (*CASES, *SCENARIOS)


class Result(NamedTuple):
    """What became of a fault."""

    ended: str
    """How the pull ended: the outcome, with its reason or flags behind a colon."""
    violated: str
    """What did not hold; empty if all is well."""


def attempt(stage: Stage, fault: Case | Scenario) -> Result:
    """Try a fault on an empty archive, and look at the archive after it, when all is healed."""
    stage.begin()
    play = partial(_pull_through, fault) if isinstance(fault, Case) else fault.play
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
    with started(users) as parts, Stage(parts.settings, Control(parts.control)) as stage:
        for fault in faults:
            result = attempt(stage, fault)
            wrong += result.violated != ""
            print(f"{fault.ids:<8} {fault.what:<62} {result.ended:<50} {result.violated or 'held'}", flush=True)
    ids = {each for fault in faults for each in fault.ids.split()}
    seconds = time.monotonic() - began
    print(f"\n{len(faults)} faults of {len(ids)} kinds in {seconds:.0f} s, {wrong} of them did not end as they must.")
    return int(bool(wrong))
