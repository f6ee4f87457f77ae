"""The faults at work: reads the rules, stands in front of the listeners, changes what they answer."""

from collections.abc import Mapping
from dataclasses import replace
from threading import Lock
from typing import Any
from urllib.parse import unquote

from simulator.faults.answers import Scene
from simulator.faults.lasting import Site, Undo
from simulator.faults.rules import Rule, Rules, checked
from simulator.faults.table import FAULTS, Fault, Standing
from simulator.protocol.listeners import Answerer
from simulator.protocol.messages import Answer, Request
from simulator.protocol.tokens import Tokens

_FACTS = ("listener", "call", "path", "method")


class Faults:
    """The rules of now."""

    def __init__(self, site: Site, tokens: Tokens, seed: int) -> None:
        self._site = site
        self._tokens = tokens
        self._seed = seed
        self._lock = Lock()
        self._rules = Rules((), seed)
        self._undo: list[Undo] = []

    def set(self, scenario: Mapping[str, Any]) -> dict[str, Any]:
        """These rules and no others, all counted from 0. Raises ValueError, and then leaves the rules as they are.

        A scenario is {"rules": [...], "seed": another seed than the tenant's}.
        """
        seed = int(scenario.get("seed", self._seed))
        rules = [checked(rule, FAULTS, _FACTS) for rule in scenario.get("rules", ())]
        with self._lock:
            while self._undo:
                self._undo.pop()()
            for rule in rules:
                fault = FAULTS[rule.fault]
                if isinstance(fault, Standing):
                    self._undo.append(fault.begin(self._site, rule.match, **{**fault.args, **rule.args}))
            self._rules = Rules(rules, seed)
        return self.shown()

    def shown(self) -> dict[str, Any]:
        """The scenario, with how many requests fitted each rule and how many it hit."""
        return self._rules.shown()

    def around(self, listener: str, answers: Mapping[str, Answerer]) -> Answerer:
        """What answers at that listener in place of its own function."""
        origin = self._site.listeners[listener].origin

        def fits(rule: Rule, true: Answer) -> bool:
            fault = FAULTS[rule.fault]
            return (
                isinstance(fault, Fault)
                and fault.status in (None, true.status)
                and ("listener" in rule.match or listener in fault.on)
            )

        def answered(request: Request) -> Answer:
            scene = Scene(request, origin, answers["download"], self._site.clock, self._tokens)

            def change(rule: Rule, true: Answer) -> Answer:
                fault = FAULTS[rule.fault]
                assert isinstance(fault, Fault)
                changed = fault.change(true, scene, **{**fault.args, **rule.args})
                return replace(changed, faults=(*true.faults, rule.fault))

            true = answers[listener](request)
            facts = {"listener": listener, "call": true.call, "path": self._path(request), "method": request.method}
            return self._rules.apply(facts, true, fits, change)

        return answered

    def _path(self, request: Request) -> str:
        """The path and query, decoded, without the secret of a download and with `graph` for the address of Graph."""
        target = request.path if "token" in request.query else unquote(request.target)
        return target.replace(self._site.listeners["graph"].origin, "graph")
