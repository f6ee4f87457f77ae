"""Whether the columns of names in a report tell who is who, judged by form and repetition while rows go by. Pure.

An address is a name, however regular. One text for everybody is none, nor is a blank, nor are tokens of one form that
are no addresses. Where it cannot be told, they count as names, and that is said.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from string import digits

from shared.report.frequent import Frequent
from shared.report.rows import Rows

_COLUMN = re.compile(r"(?:principal|display|team) name$|^site url$|^user name$", re.IGNORECASE)
_OF_ALL_ROWS = ("tenant", "network")
"""Subjects that all rows have in common: their names tell nothing of who is who."""
_OFTEN_BLANK = ("owner", "site")
"""Subjects without a name for many a good reason: SP676147, or a group without an owner."""
_CODE_LENGTH = 20
_CODE = re.compile(rf"(?=.*\d)[0-9A-Fa-f-]{{{_CODE_LENGTH},}}", re.ASCII)
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
    return [*filter(_is_about_one, header)]


@lru_cache(maxsize=1024)
def _is_about_one(column: str) -> bool:
    names = _COLUMN.search(column) and not column.lower().startswith(_OF_ALL_ROWS)
    return bool(names or _ID.search(column))


class Names:
    """What the columns of names in one report have told so far: pass the rows to `add`."""

    def __init__(self, header: Sequence[str]) -> None:
        self._columns = [(place, _Column(header[place])) for place in _places(tuple(header))]

    def add(self, rows: Rows) -> None:
        """Take the names of more rows."""
        for place, column in self._columns:
            column.add(rows.values(place))

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


@lru_cache(maxsize=256)
def _places(header: Sequence[str]) -> Sequence[int]:
    """Return where the columns of names are."""
    return [place for place, name in enumerate(header) if _COLUMN.search(name)]


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

    def add(self, values: Sequence[str]) -> None:
        """Take more values, which are not empty."""
        self._add_former(values)
        if self.subject in _OF_ALL_ROWS:
            return
        values = [*filter(None, map(str.strip, _cut(values)))]
        self._filled += len(values)
        self._values.add(values)
        rest = _no_addresses(values)
        self._addresses += len(values) - len(rest)
        others = [value for value in rest if len(value) < _CODE_LENGTH or not _CODE.fullmatch(value)]
        self._codes += len(rest) - len(others)
        self._add_others(others)

    def _add_former(self, values: Sequence[str]) -> None:
        codes = 0
        if 32 in map(len, values):
            codes = sum(_FORMER_CODE.fullmatch(value) is not None for value in values if len(value) == 32)
        self.were_codes |= {each for each, times in ((True, codes), (False, len(values) - codes)) if times}

    def _add_others(self, values: Sequence[str]) -> None:
        self._others += len(values)
        formed = [*filter(str.isascii, values)]  # in some languages nearly all names have three signs
        if any(map("".join(values).__contains__, digits)):
            numbered = [value for value in values if _NUMBER.search(value)]
            self._with_digits += len(numbered)
            self._numbered.add([_NUMBER.sub("0", value) for value in numbered])
            formed += [value for value in numbered if not value.isascii()]
        forms = Counter(zip(map(len, formed), [value.count(" ") for value in formed], strict=True))
        self._forms.add({str(length) + " " * blanks: times for (length, blanks), times in forms.items()})

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


def _cut(values: Sequence[str]) -> Sequence[str]:
    """Return of each value as much as tells it from others."""
    return [value[:_LONGEST] for value in values] if max(map(len, values), default=0) > _LONGEST else values


def _no_addresses(values: Sequence[str]) -> Sequence[str]:
    """Return the values that are no addresses."""
    text = "\n".join(values)
    if "@" not in text and "://" not in text:
        return values
    parts = text.replace("\n", "@\n@").split("@")  # what is before an @, what is behind it, the end; and so on
    is_regular = len(parts) == 3 * len(values) - 1 and parts[2::3].count("\n") == len(values) - 1
    if is_regular and all(parts[::3]) and all(parts[1::3]) and " " not in text:
        return []
    return [value for value in values if not _is_address(value)]


def _is_address(value: str) -> bool:
    if "@" not in value:
        return value.startswith(("https://", "http://"))
    before, _, after = value.partition("@")
    is_mail = before and after and " " not in value and "@" not in after
    return bool(is_mail) or value.startswith(("https://", "http://"))


def _one_word(votes: set[str]) -> str:
    return "mixed" if len(votes) == 2 else next(iter(votes), "none")
