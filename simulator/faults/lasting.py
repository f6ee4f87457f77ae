"""Faults that last: a listener that is closed, refresh dates that stand still or jump."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from simulator.clock import Clock
from simulator.protocol.listeners import Listener
from simulator.tenant.publication import Publication


@dataclass(frozen=True)
class Site:
    """What there is to change."""

    clock: Clock
    publication: Publication
    listeners: Mapping[str, Listener]


Undo = Callable[[], None]
Begin = Callable[..., Undo]
"""Begins with the site, what the rule matches and the arguments; gives what ends it."""


def refused(site: Site, match: Mapping[str, str], seconds: float | None) -> Undo:
    """Connections to the listener that is matched, identity's without a match, are refused."""
    wanted = match.get("listener", "identity")
    listeners = [listener for name, listener in site.listeners.items() if fnmatchcase(name, wanted)]
    for listener in listeners:
        listener.close()

    def open_again() -> None:
        for listener in listeners:
            listener.open()

    forget = site.clock.alarm(seconds, open_again) if seconds is not None else lambda: None

    def undo() -> None:
        forget()
        open_again()

    return undo


def stuck(site: Site, match: Mapping[str, str], days: float) -> Undo:
    """The reports' refresh dates stay as they are now, and then jump to where they should be."""
    since = site.clock.now()
    until = since + timedelta(days=days)
    return _seen(site, match, lambda now: since if since <= now < until else now)


def shifted(site: Site, match: Mapping[str, str], days: float) -> Undo:
    """The reports' refresh dates are others than they should be."""
    return _seen(site, match, lambda now: now + timedelta(days=days))


def _seen(site: Site, match: Mapping[str, str], when: Callable[[datetime], datetime]) -> Undo:
    return site.publication.see(match.get("call", "*"), when)
