"""Faults at work: the rules decide, in front of each listener, what becomes of its answers."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any
from urllib.parse import unquote

from simulator.faults.answers import Context
from simulator.faults.lasting import Parts, Undo
from simulator.faults.rules import Rule, Rules, checked
from simulator.faults.table import FAULTS, Fault, LastingFault
from simulator.protocol import calls
from simulator.protocol.listeners import Handler
from simulator.protocol.messages import Answer, Request
from simulator.protocol.tokens import Tokens

_FACTS = ("listener", "call", "path", "method")


class Faults:
    """The current rules, around the handlers of the listeners."""

    def __init__(self, parts: Parts, tokens: Tokens, seed: int) -> None:
        self._parts = parts
        self._tokens = tokens
        self._seed = seed
        self._lock = Lock()
        self._rules = Rules((), seed)
        self._undo: list[Undo] = []
        self._answers: Counter[tuple[str, str]] = Counter()

    def set(self, scenario: Mapping[str, Any]) -> dict[str, Any]:
        """Replace all rules and count from 0. Raise ValueError for a bad rule, and keep the rules as they are.

        A scenario is {"rules": [...], "seed": N}; the default seed is the tenant's.
        """
        seed = int(scenario.get("seed", self._seed))
        rules = [checked(rule, FAULTS, _FACTS) for rule in scenario.get("rules", ())]
        with self._lock:
            while self._undo:
                self._undo.pop()()
            for rule in rules:
                fault = FAULTS[rule.fault]
                if isinstance(fault, LastingFault):
                    self._undo.append(fault.begin(self._parts, rule.match, **{**fault.args, **rule.args}))
            self._rules = Rules(rules, seed)
            self._answers.clear()
        return self.shown()

    def shown(self) -> dict[str, Any]:
        """Return the scenario, with how many requests fitted each rule and how many it hit."""
        return self._rules.shown()

    def around(self, listener: str, handlers: Mapping[str, Handler]) -> Handler:
        """Return the handler of a listener, with the faults."""
        origin = self._parts.listeners[listener].origin

        def fits(rule: Rule, true: Answer) -> bool:
            fault = FAULTS[rule.fault]
            return (
                isinstance(fault, Fault)
                and fault.status in (None, true.status)
                and ("listener" in rule.match or listener in fault.on)
            )

        def handler(request: Request) -> Answer:
            true = handlers[listener](request)
            if not self._rules:
                return true
            with self._lock:
                self._answers[listener, true.call] += 1
                number = self._answers[listener, true.call]
            context = Context(
                request, origin, handlers["download"], self._parts.clock, self._tokens, self._body, number
            )

            def change(rule: Rule, true: Answer) -> Answer:
                fault = FAULTS[rule.fault]
                assert isinstance(fault, Fault)
                changed = fault.change(true, context, **{**fault.args, **rule.args})
                return replace(changed, faults=(*true.faults, rule.fault))

            facts = {"listener": listener, "call": true.call, "path": self._path(request), "method": request.method}
            return self._rules.apply(facts, true, fits, change)

        return handler

    def _body(self, text: str) -> Iterator[bytes]:
        """Return the report that a call gives now, in v1.0 if it is there."""
        roots = self._parts.catalogue.reports[text.partition("(")[0]].roots
        version = "v1.0" if "v1.0" in roots else "beta"
        call = calls.parse(f"/{version}/{roots[version]}/{text}", self._parts.catalogue)
        publication = self._parts.publication
        return publication.chunks(publication.snapshot(call, self._parts.clock.now()))

    def _path(self, request: Request) -> str:
        """Return path and query, decoded, without the secret of a download and with `graph` for the origin of Graph."""
        target = request.path if "token" in request.query else unquote(request.target)
        return target.replace(self._parts.listeners["graph"].origin, "graph")
