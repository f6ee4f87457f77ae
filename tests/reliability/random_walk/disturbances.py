"""What is wrong in a random walk, with Graph and with storage, and what that excuses."""

from __future__ import annotations

from collections.abc import Mapping

from shared.archive.run_record import PullResult
from shared.domain.outcome import Outcome, Reason
from shared.web.http import RETRY_SECONDS
from simulator.faults.table import CONTENT
from tests.reliability.environment import Environment, Rules
from tests.reliability.faults.cases import Case
from tests.reliability.faults.drawn import GRAPH_FAULTS, STORAGE_FAULTS


class Disturbances:
    """The faults in an environment, each begun by a step."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._case: Case | None = None
        self._concealed: Rules = ()
        self._trouble: tuple[Rules, Rules, int] = (), (), 1
        self._storage_fails = self._list_is_stale = False
        self._earlier_hits = 0
        """Under rules that ended."""

    def break_graph(self, number: int) -> None:
        """Begin one of GRAPH_FAULTS, and end another."""
        self._case = GRAPH_FAULTS[number]
        self._set_faults()

    def break_storage(self, number: int, times: int) -> None:
        """Begin one of STORAGE_FAULTS, for so many operations or (0) for all, and end another."""
        fault, match = STORAGE_FAULTS[number]
        self._earlier_hits = self._hits()
        self._environment.spoil(None, [{"fault": fault, "match": match, "times": times or None}])
        self._storage_fails = True
        self._list_is_stale = fault == "stale_list"

    def heal(self) -> None:
        """Let nothing be wrong any more."""
        self._case = None
        self._set_faults()

    def conceal(self, share: float) -> None:
        """Let names be concealed in that share of the rows."""
        self._concealed = [{"fault": "concealed", "times": None, "args": {"share": share}}] if share else []
        self._set_faults(storage=False)

    def trouble(self, graph: Rules, storage: Rules, seed: int) -> None:
        """Let these rules be in force beside all others, until there is other trouble."""
        self._trouble = graph, storage, seed
        self._set_faults()

    def _set_faults(self, storage: bool = True) -> None:
        """Set the chosen faults of Graph, and end those of storage."""
        graph, at_storage, seed = self._trouble
        rules = [*self._concealed, *(self._case.graph if self._case else ()), *graph]
        if not storage:
            self._environment.spoil(rules, None, seed=seed)
            return
        self._earlier_hits = self._hits()
        self._environment.spoil(rules, at_storage, seed=seed)
        if self._storage_fails and not at_storage:
            self._environment.control.sleep(RETRY_SECONDS)  # for so long readers are told to wait
        self._storage_fails = bool(at_storage)
        self._list_is_stale = False

    def _hits(self) -> int:
        """Return how many operations of storage failed so far."""
        rules = self._environment.storage.rules.shown()["rules"]
        return self._earlier_hits + sum(int(rule["hits"]) for rule in rules)

    def _hits_under(self, match: Mapping[str, str]) -> int:
        """Return how many operations failed under the present rules for one kind."""
        rules = self._environment.storage.rules.shown()["rules"]
        return sum(int(rule["hits"]) for rule in rules if rule["match"] == match)

    def _excuses_all(self) -> bool:
        """Whether pulls need not end well."""
        case = self._case
        is_odd = case and {rule["fault"] for rule in case.graph} & CONTENT.keys()  # affects each report differently
        is_harmless = not case or all(Outcome(end.partition(":")[0]).is_success for end in case.ends.split())
        return bool(self._trouble[0] or is_odd or not is_harmless)

    def _excuses(self, result: PullResult) -> bool:
        """Whether a pull need not have ended well."""
        reasons = {Reason.BUDGET, Reason.RATE_LIMITED}
        if self._case:
            reasons.add(Reason.UNCONFIRMED)  # a smaller body has to come twice, and the fault took the attempts for it
        is_empty_day = result.outcome is Outcome.NO_DATA and result.call.is_single_day
        return not result.requested or result.reason in reasons or is_empty_day
