"""Rules that say when something goes wrong: at which requests, from the nth on, how often, how likely.

{"fault": "throttled",                       what goes wrong: a name in the table of faults
 "match": {"call": "getTeams*"},             patterns (* ? []) that facts of the request must fit
 "nth": 1,                                   the first request that the rule applies to, of those that fit
 "times": 1,                                 how many requests it applies to; null means all
 "p": 1.0,                                   how likely it is for each of them
 "args": {"retry_after": "10"}}              arguments of the fault
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from random import Random
from threading import Lock
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Rule:
    """One rule; everything except the fault has a default."""

    fault: str
    match: Mapping[str, str] = field(default_factory=dict)
    nth: int = 1
    times: int | None = 1
    p: float = 1.0
    args: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.match, Mapping) or not all(isinstance(text, str) for text in self.match.values()):
            raise ValueError("match must map facts to patterns")
        if not isinstance(self.args, Mapping):
            raise ValueError("args must be an object")
        if type(self.nth) is not int or self.nth < 1:
            raise ValueError("nth must be a whole number from 1")
        if self.times is not None and (type(self.times) is not int or self.times < 1):
            raise ValueError("times must be a whole number from 1, or null")
        if not 0 <= self.p <= 1:
            raise ValueError("p must be from 0 to 1")


class HasArgs(Protocol):
    """What a rule is checked against."""

    @property
    def args(self) -> Mapping[str, Any]:
        """The arguments of the fault and their defaults."""


def checked(content: Mapping[str, Any], faults: Mapping[str, HasArgs], facts: Collection[str]) -> Rule:
    """Return the rule in this JSON. Raise ValueError if there is no such fault, argument or fact."""
    members = {each.name for each in fields(Rule)}
    if unknown := set(content) - members:
        raise ValueError(f"a rule has {', '.join(members)}, not {', '.join(unknown)}")
    fault = faults.get(content["fault"]) if "fault" in content else None
    if fault is None:
        raise ValueError(f"a rule needs one of the faults {', '.join(faults)}")
    rule = Rule(**content)
    if unknown := set(rule.match) - set(facts):
        raise ValueError(f"match takes {', '.join(facts)}, not {', '.join(unknown)}")
    if unknown := set(rule.args) - set(fault.args):
        raise ValueError(f"{rule.fault} takes {', '.join(fault.args) or 'no arguments'}, not {', '.join(unknown)}")
    for name, value in rule.args.items():
        default = fault.args[name]
        kinds = (int, float) if isinstance(default, float) else type(default)
        if default is not None and value is not None and not isinstance(value, kinds):
            raise ValueError(f"{name} of {rule.fault} must be like {default!r}")
    return rule


class _CountedRule:
    """A rule with its counts."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.fitting = 0
        self.hits = 0
        self.requests: Counter[tuple[str, ...]] = Counter()


class Rules:
    """Rules in their order, with their counts.

    Whether a rule with `p` hits a request is drawn from the seed, the rule, the facts of the request and how often the
    same facts came before. So it does not depend on threads or other requests.
    """

    def __init__(self, rules: Sequence[Rule] = (), seed: int = 1) -> None:
        self.seed = seed
        self._lock = Lock()
        self._rules = [_CountedRule(rule) for rule in rules]

    def __len__(self) -> int:
        return len(self._rules)

    def apply(
        self, facts: Mapping[str, str], to: T, fits: Callable[[Rule, T], bool], change: Callable[[Rule, T], T]
    ) -> T:
        """Return `to` as the rules change it, one after the other, for a request with these facts.

        A request counts for each rule that it matches and that `fits`; a rule that hits it makes the change.
        """
        for number, counted in enumerate(self._rules):
            match = counted.rule.match.items()
            if all(fnmatchcase(facts.get(name, ""), pattern) for name, pattern in match) and fits(counted.rule, to):
                with self._lock:
                    hit = self._hits(number, counted, facts)
                to = change(counted.rule, to) if hit else to
        return to

    def _hits(self, number: int, counted: _CountedRule, facts: Mapping[str, str]) -> bool:
        rule, request = counted.rule, tuple(facts.values())
        counted.fitting += 1
        counted.requests[request] += 1
        if counted.fitting < rule.nth or counted.hits == rule.times:
            return False
        hit = Random(f"{self.seed} {number} {request} {counted.requests[request]}").random() < rule.p
        counted.hits += hit
        return hit

    def shown(self) -> dict[str, Any]:
        """Return the seed and the rules, with how many requests fitted each and how many it hit."""
        with self._lock:
            rules = [asdict(each.rule) | {"fitting": each.fitting, "hits": each.hits} for each in self._rules]
            return {"seed": self.seed, "rules": rules}
