"""A fault that takes more than one pull to try: a small play on the bench."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from shared.archive.run_record import PullResult

if TYPE_CHECKING:
    from tests.reliability.faults.run import Bench


SECRETS = ("eyJ", "token=", "Bearer ", "sig=")
"""What begins a token, or stands before one: nothing of it may be logged, stored or answered."""


class Scenario(NamedTuple):
    """One fault, alone, like a Trial."""

    ids: str
    what: str
    play: Callable[[Bench], str]
    """Tells how it ended. Raises NotHeld."""
    slow: bool = False
    """Whether it takes more than a few seconds, as the app's true limits or sizes do."""

    @property
    def name(self) -> str:
        return f"{self.ids} {self.what}"


class NotHeld(Exception):
    """What must hold did not; the text says what it was."""


def must(holds: bool, what: str) -> None:
    """Raise NotHeld unless it holds."""
    if not holds:
        raise NotHeld(what)


def ended(pulled: PullResult) -> str:
    """Outcome and reason, as the table has them."""
    return ":".join(filter(None, (str(pulled.outcome), pulled.reason)))


def must_end(pulled: PullResult, *ends: str) -> str:
    """How a pull ended. Raises NotHeld unless that is one of `ends`."""
    must(ended(pulled) in ends, f"{pulled.call} ended as {ended(pulled)}, not as {' or '.join(ends)}")
    return ended(pulled)


def secrets_in(text: str, *more: str) -> list[str]:
    """The beginnings of those secrets that stand in a text."""
    return [secret[:8] for secret in (*SECRETS, *more) if secret in text]
