"""Numbers in sentences. Pure."""

from __future__ import annotations


def quantity(number: int, noun: str) -> str:
    """Return `1 call`, `2 calls` or `1,000 calls`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
