"""What the live service really did, as words that change rarely, and as numbers: least, last and most. Pure.

There is no cell in it, no name, no id and no secret: it is made to be shown to others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from shared.domain.assumptions import ASSUMPTIONS, Assumption

FORMAT = 1
"""A file of a later one is of a newer version of the app."""
MOST_VALUES = 12
"""Of one fact: what comes after them is not kept."""

Facts = Mapping[str, str | float]
"""What was seen once: texts are categories."""
NOTHING: Facts = MappingProxyType({})
APP = ""
"""In place of a report, for what is seen of the platform."""


class NewerFormat(ValueError):
    """The file is of a newer version of the app, which this one leaves alone."""


class Seen(NamedTuple):
    """A value that was seen."""

    since: str
    """A day (UTC)."""
    reports: tuple[str, ...]


class Range(NamedTuple):
    """A number that was seen."""

    least: float
    last: float
    most: float

    def then(self, later: Range) -> Range:
        """Return what both tell, this one first."""
        return Range(min(self.least, later.least), later.last, max(self.most, later.most))


class Evidence(NamedTuple):
    """All that was seen."""

    written: str = ""
    """On which day (UTC)."""
    seen: Mapping[str, Mapping[str, Seen]] = MappingProxyType({})
    """By fact and value."""
    numbers: Mapping[str, Mapping[str, Range]] = MappingProxyType({})
    """By fact and report."""

    @classmethod
    def of(cls, observations: Sequence[tuple[str, Mapping[str, str]]], day: date) -> Evidence:
        """Return which values were seen on a day: the facts of each report."""
        seen: dict[str, dict[str, Seen]] = {}
        for report, facts in observations:
            for fact, value in facts.items():
                values = seen.setdefault(fact, {})
                values[value] = _both(values.get(value), Seen(str(day), (report,)))
        return cls(str(day), seen)

    def then(self, later: Evidence) -> Evidence:
        """Return what both tell, this one first."""
        seen = {fact: dict(values) for fact, values in self.seen.items()}
        for fact, values in later.seen.items():
            known = seen.setdefault(fact, {})
            for value, each in values.items():
                if value in known or len(known) < MOST_VALUES:
                    known[value] = _both(known.get(value), each)
        numbers = {fact: dict(ranges) for fact, ranges in self.numbers.items()}
        for fact, ranges in later.numbers.items():
            of_fact = numbers.setdefault(fact, {})
            for report, range_ in ranges.items():
                of_fact[report] = of_fact[report].then(range_) if report in of_fact else range_
        return Evidence(later.written, seen, numbers)

    @property
    def values(self) -> set[tuple[str, str]]:
        """Each fact with each of its values."""
        return {(fact, value) for fact, values in self.seen.items() for value in values}

    def to_json(self) -> dict[str, Any]:
        """Return it as the file has it."""
        return {
            "format": FORMAT,
            "written": self.written,
            "seen": {
                fact: {
                    value: {"since": each.since, "reports": [*filter(None, each.reports)]} for value, each in of.items()
                }
                for fact, of in self.seen.items()
            },
            "numbers": dict(self.numbers),
        }

    def to_bytes(self) -> bytes:
        """Return the file."""
        return json.dumps(self.to_json(), indent=1).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Evidence:
        """Return what a file holds. Raise NewerFormat, or ValueError for what is no such file."""
        try:
            told = json.loads(content)
            if int(told["format"]) > FORMAT:
                raise NewerFormat("This evidence is of a newer version of the app: update this one to read it.")
            seen = {
                str(fact): {
                    str(value): Seen(str(each["since"]), tuple(map(str, each["reports"] or [APP])))
                    for value, each in values.items()
                }
                for fact, values in told["seen"].items()
            }
            numbers = {
                str(fact): {str(report): Range(*map(float, range_)) for report, range_ in ranges.items()}
                for fact, ranges in told["numbers"].items()
            }
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"This is no evidence: {type(error).__name__}.") from None
        return cls(str(told["written"]), seen, numbers)


class Comparison(NamedTuple):
    """An assumption, and what was seen of it."""

    assumption: Assumption
    as_assumed: tuple[str, ...]
    """Values, in words."""
    differs: Mapping[str, tuple[str, ...]]
    """By value the reports that have it."""

    @property
    def verdict(self) -> str:
        """`differs`, `as_assumed` or `not_seen`."""
        return "differs" if self.differs else "as_assumed" if self.as_assumed else "not_seen"


def compared(evidence: Evidence) -> Iterator[Comparison]:
    """Yield each assumption with what was seen of it."""
    for assumption in ASSUMPTIONS:
        fits: list[str] = []
        differs: dict[str, tuple[str, ...]] = {}
        for value, seen in evidence.seen.get(assumption.fact, {}).items():
            if assumption.fits(value):
                fits.append(value)
            else:
                differs[value] = seen.reports
        for report, range_ in sorted(evidence.numbers.get(assumption.fact, {}).items()):
            if assumption.least <= range_.least and range_.most <= assumption.most:
                fits.append(_words(range_))
            else:
                differs[_words(range_)] = (*differs.get(_words(range_), ()), report)
        yield Comparison(assumption, tuple(dict.fromkeys(fits)), differs)


def _both(known: Seen | None, new: Seen) -> Seen:
    return Seen(known.since, tuple(sorted({*known.reports, *new.reports}))) if known else new


def _words(range_: Range) -> str:
    least, most = (f"{each:g}" for each in (range_.least, range_.most))
    return least if least == most else f"{least} to {most}"
