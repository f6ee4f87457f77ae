"""The most frequent value of a stream, in the memory of a few values. Pure.

J. Misra, D. Gries: Finding repeated elements, https://doi.org/10.1016/0167-6423(82)90012-0
"""

from __future__ import annotations

_KEPT = 16
"""Values that are counted at a time."""


class Frequent:
    """Counts texts: those that come often exactly, or nearly so."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, value: str) -> None:
        """Count one more."""
        if value in self._counts:
            self._counts[value] += 1
        elif len(self._counts) < _KEPT:
            self._counts[value] = 1
        else:
            self._counts = {each: times - 1 for each, times in self._counts.items() if times > 1}

    @property
    def most(self) -> tuple[str, int]:
        """The most frequent one, and how often it came: less by at most a seventeenth of all. At first `""`, 0."""
        return max(self._counts.items(), key=lambda counted: counted[1], default=("", 0))
