"""The query parameters of the HTTP API: one form for each, full match, ASCII. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from shared.domain.call import ARGUMENTS, parse_date, quoted
from shared.domain.error_code import ErrorCode
from shared.domain.errors import BadArgument, NotArchived
from shared.report.aggregation import OF
from shared.web.negotiation import MEDIA_TYPES, accepted_format

KEY_PARAMETERS = ("code", "clientid")
"""The host's own: the function key and its name."""
PAGING = ("$top", "$skipToken", "$count")
"""Of Graph: accepted and ignored, as every answer has all rows."""
OF_SNAPSHOT = ("refreshDate", "revision", "asOf", "format", "$format", *PAGING)
OF_SERIES = ("from", "to", "month", "every", "of", "asOf", "format", "$format", "bom")
OF_SNAPSHOTS = ("asOf", "format", "$format")
OF_STATUS = ("format", "$format")
OF_IDLE = ("days", "product", "department", "refreshDate", "asOf", "format", "$format")
OF_LICENCES = ("refreshDate", "asOf", "format", "$format")
OF_ADOPTION = ("by", *OF_LICENCES)
OF_RESTATEMENTS = ("from", "to", "asOf", "format", "$format")
OF_PERSON = ("from", "to", "asOf", "format", "$format")
LONGEST_IDLE = 180
"""Days: as far back as the reports reach."""
EVERY = ("day", "week", "month")

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+ -]\d{2}:\d{2})", re.ASCII)
_REVISION = re.compile(r"[1-9]\d{0,8}", re.ASCII)


class SnapshotSelector(NamedTuple):
    """Which snapshot a reader wants; None means the latest."""

    refresh_date: date | None = None
    revision: int | None = None
    as_of: datetime | None = None
    """UTC: what was archived later does not count."""


class SeriesQuery(NamedTuple):
    """What a reader wants of a series."""

    format: str
    bom: bool
    first: date | None
    end: date | None
    """The day after the last."""
    every: str
    of: str
    as_of: datetime | None
    """UTC."""


class Parameters:
    """The query parameters of one request. Each method reads one, and raises BadArgument if it is malformed."""

    def __init__(self, query: Mapping[str, str], allowed: Iterable[str], *, of_call: bool = True) -> None:
        """Take the query as the host gives it. Raises BadArgument for a parameter that is unknown or given twice.

        Only `allowed` parameters are accepted, and those `of_call`.
        """
        check_names(query, allowed, of_call=of_call)
        self._values: dict[str, str] = {}
        ignored = {name.lower() for name in PAGING} | {*KEY_PARAMETERS}
        for name, value in query.items():
            if name.lower() not in ignored and self._values.setdefault(name.lower(), value) != value:
                raise BadArgument(f"{name.lower()} is given twice.")

    @property
    def arguments(self) -> dict[str, str]:
        """The parameters that are part of the call."""
        return {name: self._values[name.lower()] for name in ARGUMENTS if name.lower() in self._values}

    def day(self, name: str) -> date | None:
        """Return the day that a parameter holds."""
        text = self._values.get(name.lower())
        return parse_date(text, name) if text is not None else None

    def refresh_date(self, as_of: datetime | None, now: datetime) -> date:
        """Return the day that is asked for, else that of `as_of`, else today. Raises NotArchived for the future."""
        day = self.day("refreshDate") or (as_of or now).date()
        if day > now.date():
            raise NotArchived(ErrorCode.IN_FUTURE, f"{day} is yet to come.")
        return day

    def days(self) -> tuple[date | None, date | None]:
        """Return the first day and the one after the last, as `from` and `to` say, or `month`."""
        first, end = self.day("from"), self.day("to")
        if month := self._values.get("month"):
            if first or end:
                raise BadArgument("month and from or to are two ways to give the days: give one of them.")
            return _days_of(month)
        if first and end and first >= end:
            raise BadArgument(f"from ({first}) must be before to ({end}): the range is half-open, without its end.")
        return first, end

    def text(self, name: str) -> str:
        """Return what a parameter holds, empty if it is not given."""
        return self._values.get(name.lower(), "").strip()

    def idle_days(self) -> int:
        """Return for how many days nothing was done."""
        text = self._values.get("days", "90")
        if not re.fullmatch(r"[1-9]\d{0,2}", text, re.ASCII) or int(text) > LONGEST_IDLE:
            raise BadArgument(f"days must be a whole number from 1 to {LONGEST_IDLE}, not {quoted(text)}.")
        return int(text)

    def revision(self) -> int | None:
        """Return the number of a revision."""
        text = self._values.get("revision")
        if text is None:
            return None
        if not _REVISION.fullmatch(text):
            raise BadArgument(f"revision must be a whole number from 1 on, not {quoted(text)}.")
        return int(text)

    def every(self) -> str:
        """Return `day`, `week` or `month`."""
        text = self._values.get("every", EVERY[0])
        if text.lower() not in EVERY:
            raise BadArgument(f"every must be one of {', '.join(EVERY)}, not {quoted(text)}.")
        return text.lower()

    def of(self, every: str) -> str:
        """Return what stands for each week or month: `last`, `mean` or `max`."""
        text = self._values.get("of", OF[0])
        if text.lower() not in OF:
            raise BadArgument(f"of must be one of {', '.join(OF)}, not {quoted(text)}.")
        if every == EVERY[0] and text.lower() != OF[0]:
            raise BadArgument(f"of={text.lower()} is of a week or a month: add every=week or every=month.")
        return text.lower()

    def bom(self) -> bool:
        """Return whether the reader wants a BOM."""
        text = self._values.get("bom", "0")
        if text not in ("0", "1"):
            raise BadArgument(f"bom must be 1 or 0, not {quoted(text)}.")
        return text == "1"

    def as_of(self, now: datetime) -> datetime | None:
        """Return the instant; a plain date means the end of that day. Raises NotArchived for what is yet to come."""
        text = self._values.get("asof")
        if text is None:
            return None
        instant = datetime.combine(parse_date(text, "asOf"), time.max, UTC) if "T" not in text else _instant(text)
        if instant.date() > now.date():
            raise NotArchived(ErrorCode.IN_FUTURE, f"asOf ({text}) is yet to come: it is {now:%Y-%m-%dT%H:%M:%SZ} now.")
        return instant

    def format(self, formats: Sequence[str], accept: str) -> str:
        """Return which of `formats`, the usual one first, `format`, `$format` or the header Accept asks for.

        Raises NotAcceptable if Accept admits none of them.
        """
        text = self._values.get("format", self._values.get("$format"))
        if self._values.get("$format", text) != text:
            raise BadArgument("format and $format are two words for one thing: give one of them.")
        if text is not None:
            return _named_format(text, formats)
        return accepted_format(accept, formats) if accept.strip() else formats[0]


def check_names(query: Iterable[str], allowed: Iterable[str], *, of_call: bool = True) -> None:
    """Raise BadArgument for a parameter that is neither `allowed`, nor part of a call, nor the host's own."""
    arguments = ARGUMENTS if of_call else ()
    names = [*arguments[1:], *(name for name in allowed if not name.startswith("$")), *arguments[:1]]
    accepted = {name.lower() for name in (*arguments, *allowed, *KEY_PARAMETERS)}
    for name in query:
        if name.lower() not in accepted:
            raise BadArgument(f"Unknown parameter {quoted(name)}. Allowed: {', '.join(names) or 'none'}.")


def parse_selector(parameters: Parameters, now: datetime) -> SnapshotSelector:
    """Return which snapshot the parameters select. Raises BadArgument, NotArchived."""
    return SnapshotSelector(parameters.day("refreshDate"), parameters.revision(), parameters.as_of(now))


def parse_series(parameters: Parameters, formats: Sequence[str], accept: str, now: datetime) -> SeriesQuery:
    """Return what the parameters want of a series. Raises BadArgument, NotAcceptable, NotArchived."""
    wanted, bom = parameters.format(formats, accept), parameters.bom()
    first, end = parameters.days()
    every, as_of = parameters.every(), parameters.as_of(now)
    of = parameters.of(every)
    return SeriesQuery(format=wanted, bom=bom, first=first, end=end, every=every, of=of, as_of=as_of)


def _named_format(text: str, formats: Sequence[str]) -> str:
    by_type = {media_type: name for name, media_type in MEDIA_TYPES.items()}
    word = text.lower().partition(";")[0].strip()
    name = by_type.get(word, word)
    if name not in formats or "," in text:  # the host joins what is repeated with commas
        raise BadArgument(f"format must be one of {', '.join(formats)}, not {quoted(text)}.")
    return name


def _days_of(month: str) -> tuple[date, date | None]:
    """Return the first day of a month and that of the next; None after the last month of the calendar."""
    if not re.fullmatch(r"\d{4}-\d{2}", month, re.ASCII):
        raise BadArgument(f"month must be one as YYYY-MM, not {quoted(month)}.")
    first = parse_date(f"{month}-01", "The first day of month")
    return first, None if month == "9999-12" else (first + timedelta(days=31)).replace(day=1)


def _instant(text: str) -> datetime:
    if _INSTANT.fullmatch(text):
        try:
            # An unencoded plus sign in a query is a space; .NET writes seven digits, of which six count.
            return datetime.fromisoformat(text.replace(" ", "+")).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadArgument(
        f"asOf must be a day as YYYY-MM-DD or an instant as YYYY-MM-DDTHH:MM:SSZ, not {quoted(text)}.",
    )
