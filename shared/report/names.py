"""Whether the columns of names in a report tell who is who, judged by form and repetition while rows go by. Pure.

An address is a name, however regular. One text for everybody is none, nor is a blank, nor are tokens of one form that
are no addresses. Where it cannot be told, they count as names, and that is said.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence

from shared.report.frequent import Frequent

_COLUMN = re.compile(r"(?:principal|display|team) name$|^site url$|^user name$", re.IGNORECASE)
_OF_ALL_ROWS = ("tenant", "network")
"""Subjects that all rows have in common: their names tell nothing of who is who."""
_OFTEN_BLANK = ("owner", "site")
"""Subjects without a name for many a good reason: SP676147, or a group without an owner."""
_CODE = re.compile(r"(?=.*\d)[0-9A-Fa-f-]{20,}", re.ASCII)
"""A hash or an id, such as the 32 digits that Graph writes today: pnp/cli-microsoft365 command docs."""
_FORMER_CODE = re.compile(r"[0-9A-F]{32}", re.ASCII)
_NUMBER = re.compile(r"[0-9]+")
_LONGEST = 200
"""Characters by which a value is told from others."""
_WORD, _TOKEN = 8, 20
"""Characters without a blank from which on values of one length are no names, nor, with digits, one value of a few."""
_MANY = 10
"""Values that are no more alike by chance."""

_ID = re.compile(r"\b(?:user|group|site|team) id$", re.IGNORECASE)

NAMED, CONCEALED = "named", "concealed"


def columns_about_one(header: Sequence[str]) -> list[str]:
    """Return the columns that say which person, site, group or team a row is about."""
    return [
        name
        for name in header
        if (_COLUMN.search(name) and not name.lower().startswith(_OF_ALL_ROWS)) or _ID.search(name)
    ]


class Names:
    """What the columns of names in one report have told so far: pass each row to `add`."""

    def __init__(self, header: Sequence[str]) -> None:
        self._columns = [(place, _Column(name)) for place, name in enumerate(header) if _COLUMN.search(name)]

    def add(self, row: Sequence[str]) -> None:
        """Take the names of one more row."""
        for place, column in self._columns:
            if place < len(row) and row[place]:
                column.add(row[place])

    @property
    def verdict(self) -> str:
        """Whether people, sites and teams are `named`, `concealed`, `mixed`, or `none` are there."""
        votes = self._votes()
        return _one_word({vote for vote in votes if vote} or ({NAMED} if votes else set()))

    @property
    def is_unsure(self) -> bool:
        """Whether there are names of which it cannot be told whether they are any, and not all are concealed."""
        return None in self._votes() and self.verdict != CONCEALED

    @property
    def former_verdict(self) -> str:
        """The verdict by the rule of version 0.1, which knew the 32 digits alone."""
        were_codes = set[bool]().union(*(column.were_codes for _, column in self._columns))
        return _one_word({CONCEALED if were_code else NAMED for were_code in were_codes})

    def _votes(self) -> set[str | None]:
        """Return what the columns are: `named`, `concealed`, and None for what cannot be told."""
        columns = [column for _, column in self._columns if column.subject not in _OF_ALL_ROWS]
        votes = set[str | None]()
        for column in columns:
            alike = (each.share_of_address for each in columns if each.subject == column.subject)
            votes |= {*column.votes(max(alike))}
        return votes or ({CONCEALED} if columns else votes)


class _Column:
    """What one column of names has told so far."""

    def __init__(self, name: str) -> None:
        first = name.lower().partition(" ")[0]
        self.subject = "user" if first in ("display", "principal") else first
        """Whom the column names: a user, an owner, a site, ..."""
        self.were_codes: set[bool] = set()
        """Whether a value is 32 digits, of all values."""
        self._wants_addresses = name.lower().endswith("principal name")
        self._filled = self._addresses = self._codes = self._others = self._with_digits = 0
        self._values, self._forms, self._numbered = Frequent(), Frequent(), Frequent()

    def add(self, value: str) -> None:
        """Take one more value, which is not empty."""
        self.were_codes.add(len(value) == 32 and _FORMER_CODE.fullmatch(value) is not None)
        value = value[:_LONGEST].strip()
        if not value or self.subject in _OF_ALL_ROWS:
            return
        self._filled += 1
        self._values.add(value)
        if _is_address(value):
            self._addresses += 1
        elif _CODE.fullmatch(value):
            self._codes += 1
        else:
            self._add_other(value)

    def _add_other(self, value: str) -> None:
        self._others += 1
        if _NUMBER.search(value):
            self._with_digits += 1
            self._numbered.add(_NUMBER.sub("0", value))
        elif not value.isascii():
            return  # in some languages nearly all names have three signs
        self._forms.add(str(len(value)) + " " * value.count(" "))

    @property
    def share_of_address(self) -> float:
        """The share of rows that have the most frequent value, if that is an address."""
        value, times = self._values.most
        return times / self._filled if _is_address(value) else 0.0

    def votes(self, of_one: float) -> Iterator[str | None]:
        """Yield what the values are: `named`, `concealed`, None for what cannot be told.

        `of_one` is the share of rows that are of one subject: so often may one name stand there.
        """
        if not self._filled and self.subject not in _OFTEN_BLANK:
            yield CONCEALED
        if self._codes:
            yield CONCEALED
        if self._addresses:
            yield NAMED
            if self.subject == "user" and self._filled >= _MANY and self.share_of_address >= 0.9:
                yield None  # one address for everybody
        if self._others:
            yield from self._votes_of_others(of_one)

    def _votes_of_others(self, of_one: float) -> Iterator[str | None]:
        """Yield what the values are that are neither addresses nor codes."""
        value, times = self._values.most
        are_few = 10 * self._others <= self._filled
        least = 2 if self._wants_addresses else 3
        is_one = times >= least and times >= max(0.5, of_one + 0.1) * self._filled
        if is_one and not _is_address(value) and not _CODE.fullmatch(value):
            yield CONCEALED
            if 10 * (self._others - times) > self._filled:
                yield NAMED
        elif self._wants_addresses:
            if not are_few and self._are_regular():
                yield CONCEALED
            elif not are_few or self.subject == "user":
                yield None
        elif self._are_regular():
            yield CONCEALED if self._are_tokens(_TOKEN) else None
        else:
            yield NAMED

    def _are_regular(self) -> bool:
        """Whether nearly all values have the same length and blanks, or differ in their numbers alone."""
        _, alike = self._forms.most
        if 2 * self._with_digits >= self._others:
            alike = max(alike, self._numbered.most[1])
            enough = 2 if self._are_tokens(_TOKEN) else 3
        else:
            enough = _MANY if self._are_tokens(_WORD) else sys.maxsize
        return self._others >= enough and 10 * alike >= 9 * self._others

    def _are_tokens(self, least: int) -> bool:
        """Whether most values have no blank, and as many characters as `least` or more."""
        form, _ = self._forms.most
        return form.isdecimal() and int(form) >= least


def _is_address(value: str) -> bool:
    before, at, after = value.partition("@")
    is_mail = at and before and after and " " not in value and "@" not in after
    return bool(is_mail) or value.startswith(("https://", "http://"))


def _one_word(votes: set[str]) -> str:
    return "mixed" if len(votes) == 2 else next(iter(votes), "none")
