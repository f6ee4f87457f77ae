"""Faults that last: a closed listener, refresh dates that stand still or jump."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from simulator.catalogue import Catalogue
from simulator.clock import Clock
from simulator.protocol.listeners import Listener
from simulator.tenant.publication import Publication


@dataclass(frozen=True)
class Parts:
    """The parts of the simulator that faults change or use."""

    clock: Clock
    publication: Publication
    listeners: Mapping[str, Listener]
    catalogue: Catalogue


Undo = Callable[[], None]
Begin = Callable[..., Undo]
"""Begins the fault, given the parts, the match of its rule and its arguments; returns what ends it."""


def refused(parts: Parts, match: Mapping[str, str], seconds: float | None) -> Undo:
    """Refuse connections to the matched listeners, to that of identity if the rule matches none."""
    pattern = match.get("listener", "identity")
    listeners = [listener for name, listener in parts.listeners.items() if fnmatchcase(name, pattern)]
    for listener in listeners:
        listener.close()

    def open_again() -> None:
        for listener in listeners:
            listener.open()

    cancel = parts.clock.alarm(seconds, open_again) if seconds is not None else lambda: None

    def undo() -> None:
        cancel()
        open_again()

    return undo


def stuck(parts: Parts, match: Mapping[str, str], days: float) -> Undo:
    """Keep the newest refresh dates as they are for some days; then they jump to where they should be."""
    since = parts.clock.now()
    until = since + timedelta(days=days)
    return _published_as_of(parts, match, lambda now: since if since <= now < until else now)


def shifted(parts: Parts, match: Mapping[str, str], days: float) -> Undo:
    """Publish as if it were some days later, or earlier if below 0."""
    return _published_as_of(parts, match, lambda now: now + timedelta(days=days))


def _published_as_of(parts: Parts, match: Mapping[str, str], when: Callable[[datetime], datetime]) -> Undo:
    return parts.publication.see(match.get("call", "*"), when)
