"""The query parameters of the HTTP API: one form for each, full match, ASCII. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import NamedTuple

from shared.domain.call import ARGUMENTS, parse_date
from shared.domain.errors import BadArgument, NotAcceptable, NotArchived

KEY_PARAMETERS = ("code", "clientid")
"""The host's own: the function key and its name."""
OF_SNAPSHOT = ("refreshDate", "revision", "asOf", "format", "$format")
OF_SERIES = ("from", "to", "every", "asOf", "format", "$format", "bom")
OF_SNAPSHOTS = ("asOf", "format", "$format")
OF_STATUS = ("format", "$format")
EVERY = ("day", "week", "month")
MEDIA_TYPES = {"csv": "text/csv", "json": "application/json", "svg": "image/svg+xml", "link": "application/link-format"}

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+ -]\d{2}:\d{2})", re.ASCII)
_REVISION = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_RANGE = re.compile(r"\s*([\w.+*-]+/[\w.+*-]+|\*/\*)\s*(;.*)?", re.ASCII)


class Query(NamedTuple):
    """The parameters of one request, each looked at when it is asked for."""

    values: Mapping[str, str]
    """By name in lower case."""

    @property
    def arguments(self) -> dict[str, str]:
        """What is part of the call."""
        return {name: value for name, value in self.values.items() if name in ARGUMENTS}

    @property
    def refresh_date(self) -> date | None:
        return self._date("refreshDate")

    @property
    def revision(self) -> int | None:
        text = self.values.get("revision")
        if text is None:
            return None
        if not _REVISION.fullmatch(text):
            raise BadArgument(f"revision must be a whole number from 1 on, not {_shown(text)}.")
        return int(text)

    @property
    def every(self) -> str:
        text = self.values.get("every", EVERY[0])
        if text.lower() not in EVERY:
            raise BadArgument(f"every must be one of {', '.join(EVERY)}, not {_shown(text)}.")
        return text.lower()

    @property
    def bom(self) -> bool:
        text = self.values.get("bom", "0")
        if text not in ("0", "1"):
            raise BadArgument(f"bom must be 1 or 0, not {_shown(text)}.")
        return text == "1"

    @property
    def range(self) -> tuple[date | None, date | None]:
        """The first day, and the one after the last."""
        first, end = self._date("from"), self._date("to")
        if first and end and first >= end:
            raise BadArgument(f"from ({first}) must be before to ({end}): the range is half-open, without its end.")
        return first, end

    def as_of(self, now: datetime) -> datetime | None:
        """The instant; of a day its last. Raises NotArchived for what is yet to come."""
        text = self.values.get("asof")
        if text is None:
            return None
        instant = datetime.combine(parse_date(text, "asOf"), time.max, UTC) if "T" not in text else _instant(text)
        if instant.date() > now.date():
            raise NotArchived("in_future", f"asOf ({text}) is yet to come: it is {now:%Y-%m-%dT%H:%M:%SZ} now.")
        return instant

    def form(self, forms: Iterable[str], accept: str) -> str:
        """Which of `forms`, the usual one first, is asked for by `format`, `$format` or the header Accept."""
        forms = tuple(forms)
        by_type = {kind: form for form, kind in MEDIA_TYPES.items()}
        text = self.values.get("format", self.values.get("$format"))
        if self.values.get("$format", text) != text:
            raise BadArgument("format and $format are two words for one thing: give one of them.")
        if text is not None:
            named = text.lower().partition(";")[0].strip()
            form = by_type.get(named, named)
            if form not in forms or "," in text:  # the host joins what is repeated with commas
                raise BadArgument(f"format must be one of {', '.join(forms)}, not {_shown(text)}.")
            return form
        if not accept.strip():
            return forms[0]
        for form in forms:
            if form in MEDIA_TYPES and _admits(accept, MEDIA_TYPES[form]):
                return form
        kinds = [MEDIA_TYPES[form] for form in forms if form in MEDIA_TYPES]
        raise NotAcceptable(f"Accept admits none of {', '.join(kinds)}.")

    def _date(self, name: str) -> date | None:
        text = self.values.get(name.lower())
        return parse_date(text, name) if text is not None else None


def read(parameters: Mapping[str, str], allowed: Iterable[str], *, of_call: bool = True) -> Query:
    """The parameters of a request for which `allowed` are there, and those `of_call`. Raises BadArgument."""
    arguments = ARGUMENTS if of_call else ()
    names = [*arguments[1:], *(name for name in allowed if not name.startswith("$")), *arguments[:1]]
    known = {name.lower() for name in (*arguments, *allowed)}
    values: dict[str, str] = {}
    for name, value in parameters.items():
        lower = name.lower()
        if lower in KEY_PARAMETERS:
            continue
        if lower not in known:
            raise BadArgument(f"There is no parameter {_shown(name)} here; there are {', '.join(names) or 'none'}.")
        if values.setdefault(lower, value) != value:
            raise BadArgument(f"{lower} is given twice.")
    return Query(values)


def _instant(text: str) -> datetime:
    if _INSTANT.fullmatch(text):
        try:
            # An unencoded plus sign in a query is a space; .NET writes seven digits, of which six count.
            return datetime.fromisoformat(text.replace(" ", "+")).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise BadArgument(
        f"asOf must be a day as YYYY-MM-DD or an instant as YYYY-MM-DDTHH:MM:SSZ, not {_shown(text)}.",
    )


def _admits(accept: str, media_type: str) -> bool:
    """Whether Accept has a range for the media type (RFC 9110 section 12.5.1)."""
    for part in accept.lower().split(","):
        match = _RANGE.fullmatch(part)
        if match and not re.search(r";\s*q=0(\.0*)?\s*(;|$)", match[2] or ""):
            kind = match[1]
            kinds = ["*/*", media_type, f"{media_type.partition('/')[0]}/*"]
            if media_type == MEDIA_TYPES["csv"]:
                kinds.append("application/octet-stream")  # what the SDKs of Graph ask a CSV by
            if kind in kinds:
                return True
    return False


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 80 else text[:77] + "...")
