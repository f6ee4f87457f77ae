"""The most frequent value of a stream, in the memory of a few values. Pure.

J. Misra, D. Gries: Finding repeated elements, https://doi.org/10.1016/0167-6423(82)90012-0; many at once as P. Agarwal
and others put counts together: Mergeable summaries, https://doi.org/10.1145/2500128
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

_KEPT = 16
"""Values that are counted at a time."""


class Frequent:
    """Counts texts: those that come often exactly, or nearly so."""

    def __init__(self) -> None:
        self._counts = Counter[str]()

    def add(self, values: Iterable[str] | Mapping[str, int]) -> None:
        """Count more of them, or add how often they came; all are in memory for a moment."""
        counts = Counter(self._counts)
        counts.update(values)
        if len(counts) > _KEPT:
            least = sorted(counts.values(), reverse=True)[_KEPT]
            counts = Counter({each: times - least for each, times in counts.items() if times > least})
        self._counts = counts

    @property
    def most(self) -> tuple[str, int]:
        """The most frequent one, and how often it came: less by at most a seventeenth of all. At first `""`, 0."""
        return max(self._counts.items(), key=lambda counted: counted[1], default=("", 0))
