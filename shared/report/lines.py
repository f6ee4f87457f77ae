"""The lines of a body that comes in pieces, some of which can be looked at before they are taken. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from shared.domain.errors import RejectedBody
from shared.domain.outcome import Reason
from shared.report.body_form import BOM

LONGEST = 1 << 20
"""Characters of a line, and of a row of several lines; far above any report's, so that none can fill the memory."""


class Lines:
    """The lines without their line feeds, one by one; BOMs at the start are left out.

    What the pieces raise comes behind the lines before it.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        """Pieces are UTF-8, in which one may end within a character."""
        self._coming = _whole_lines(pieces)
        self._held: list[bytes] = []
        """Lines as `ahead` tells them, as long as these are regular."""
        self._taken = 0
        """How many of them were."""
        self._are_regular = True
        self._error: Exception | None = None
        """What came behind the last line that is held."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._taken == len(self._held) and not self._hold_more():
            raise self._error or StopIteration
        line = self._held[self._taken]
        self._taken += 1
        return (line.replace(b"\0", b",") if self._are_regular else line).decode()

    def ahead(self, number: int) -> Sequence[bytes]:
        """Return the next lines with zeros in place of commas: so many or, at the end, as many as there are.

        There are none once there was a zero.
        """
        while len(self._held) - self._taken < number and self._hold_more():
            pass
        return self._held[self._taken : self._taken + number] if self._are_regular else ()

    def take(self, number: int) -> None:
        """Pass over lines that were looked at."""
        self._taken += number

    def _hold_more(self) -> bool:
        text = None
        try:
            text = next(self._coming, None)
        except Exception as error:
            self._error = error
        if text is None:
            return False
        held = self._held[self._taken :]
        if self._are_regular and b"\0" in text:
            self._are_regular = False
            held = [line.replace(b"\0", b",") for line in held]
        # A whole piece is changed in a fraction of the time that each line takes.
        self._held = held + (text.replace(b",", b"\0") if self._are_regular else text).split(b"\n")
        self._taken = 0
        return True


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines that have come to an end, some at a time, without the last line feed."""
    rest = b""
    at_start = True
    for piece in pieces:
        rest += piece
        while at_start and rest.startswith(BOM):
            rest = rest.removeprefix(BOM)
        at_start = at_start and BOM.startswith(rest)
        whole, end, rest = rest.rpartition(b"\n")
        if end:
            yield whole
        if len(rest) > LONGEST and len(rest.decode(errors="ignore")) > LONGEST:
            raise RejectedBody(Reason.NOT_CSV, f"The body has a line of more than {LONGEST} characters.")
    if rest:
        yield rest
