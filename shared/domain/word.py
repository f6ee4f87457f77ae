"""Words for machines that people can look up: `docs/messages.md` lists each with its meaning. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Word(StrEnum):
    """A word for machines, with what it means and what a person should do about it."""

    meaning: str
    advice: str

    def __new__(cls, word: str, *_: object) -> Self:
        """Return the member that is equal to `word` alone."""
        member = str.__new__(cls, word)
        member._value_ = word
        return member

    # With defaults, as types would not allow `Outcome("published")` otherwise, which looks a member up.
    def __init__(self, word: str, meaning: str = "", advice: str = "") -> None:
        self.meaning = meaning
        self.advice = advice
