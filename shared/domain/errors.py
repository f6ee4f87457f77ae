"""Every error that this app raises on purpose.

UsageArchiveError
|-- SettingError         an app setting is missing or wrong
|-- RequestError         the caller asked for something that cannot be answered
|   |-- UnknownReport    no report has that name
|   |-- BadArgument      a period, date, version or parameter that the report does not take
|   |-- NotArchived      a good call, but the archive has no such snapshot
|   |-- NotAcceptable    it cannot be had in that form
|   |-- PreconditionFailed   it is not, or no longer, what the caller thinks
|   |-- TooLarge         more than one answer can carry
|   `-- RangeNotSatisfiable  it has fewer bytes
|-- ArchiveUnavailable   storage did not answer, or refused us
|-- PullError            a pull that ended without a snapshot; says its outcome
|   |-- Deferred         nothing wrong that time does not heal: ask again in a later run
|   |   `-- TryAgain     nor that a few seconds might not heal: ask again in this run
|   |       `-- Unconfirmed  a body that is believed only if it comes twice
|   |-- NoData           Graph answered, but has no rows for this call (yet)
|   |-- Quarantined      a body came that is not this report
|   `-- Refused          Graph will not answer this call until somebody changes something
`-- RunFailed            a run of pulls is over and something in it needs a person
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from shared.redaction import redacted


class Outcome(StrEnum):
    """How a pull ended: exactly one of these, for every call of every run."""

    PUBLISHED = "published"
    """The first snapshot of its refresh date is archived."""
    UNCHANGED = "unchanged"
    """Nothing new: the same refresh date with the same content."""
    REVISED = "revised"
    """Microsoft corrected a day: another snapshot is archived beside the earlier ones."""
    NO_DATA = "no_data"
    """Graph has nothing for this call, or nothing yet."""
    DEFERRED = "deferred"
    """Nothing is archived, and nothing is wrong that time does not heal: the next run asks again."""
    QUARANTINED = "quarantined"
    """A body came that is not a whole, sane CSV of this report: it is kept aside and not published."""
    REFUSED = "refused"
    """Graph will not answer this call until somebody changes something."""


WELL = (Outcome.PUBLISHED, Outcome.UNCHANGED, Outcome.REVISED)
"""The outcomes of a pull after which the archive holds what Graph shows."""


class UsageArchiveError(Exception):
    """The root: catch this to catch everything that is ours."""


class SettingError(UsageArchiveError):
    """An app setting is missing or wrong. The text names the setting, what it held and what it wants."""

    def __init__(self, name: str, held: str | None, wants: str) -> None:
        self.name = name
        what = "is not set" if held is None else f"holds {held!r}"
        super().__init__(f"The app setting {name} {what}; it wants {wants}{'' if wants[-1] in '.?' else '.'}")


class RequestError(UsageArchiveError):
    """The caller's request cannot be answered; `code` and `status` (HTTP) say how.

    `facts` are added to the document of the answer, `headers` to its headers.
    """

    code = "bad_request"
    status = 400

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **facts: object) -> None:
        super().__init__(detail)
        self.facts = facts
        self.headers = headers or {}


class UnknownReport(RequestError):
    """No report of Microsoft Graph, of today or of 2017, has that name."""

    code = "unknown_report"
    status = 404


class BadArgument(RequestError):
    """The report is known, but not with this argument."""

    code = "bad_argument"


class NotArchived(RequestError):
    """The call is good and there is no such snapshot; `code` says why."""

    status = 404

    def __init__(self, code: str, detail: str, **facts: object) -> None:
        super().__init__(detail, headers=None, **facts)
        self.code = code


class NotAcceptable(RequestError):
    """There is such a thing, but not in the form that is asked for."""

    code = "not_acceptable"
    status = 406


class PreconditionFailed(RequestError):
    """What is there is not what `If-Match` or `If-Unmodified-Since` names."""

    code = "precondition_failed"
    status = 412


class TooLarge(RequestError):
    """More than the Functions host can carry in one answer; the text says what to ask instead."""

    code = "too_large"
    status = 413


class RangeNotSatisfiable(RequestError):
    """`Range` asks for bytes behind the end."""

    code = "range_not_satisfiable"
    status = 416


class ArchiveUnavailable(UsageArchiveError):
    """Blob storage could not be reached or refused the app's identity."""


class PullError(UsageArchiveError):
    """A pull that ended without a snapshot. `reason` is one word for logs and alarms, the text is for people.

    The text may quote what others said: what looks like a secret in it is hidden.
    """

    outcome = Outcome.DEFERRED
    blob: str | None = None
    """Where the body is kept for people to look at, if one came."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(redacted(detail))
        self.reason = reason


class Deferred(PullError):
    """The pull may well succeed later, without anybody doing anything."""


class TryAgain(Deferred):
    """The same request may succeed in this very run; `after` is the wait in seconds that Graph asked for, if it did."""

    def __init__(self, reason: str, detail: str, after: float | None = None) -> None:
        super().__init__(reason, detail)
        self.after = after


class Unconfirmed(TryAgain):
    """A whole and sane body has so few rows that it is believed only if it comes a second time."""

    def __init__(self, sha256: str, detail: str) -> None:
        super().__init__("unconfirmed", detail, after=0)
        self.sha256 = sha256


class NoData(PullError):
    """Graph has nothing for this call: an empty body, or a tenant without reports yet."""

    outcome = Outcome.NO_DATA


class Quarantined(PullError):
    """The body is not a whole, sane CSV of this report: it is not published."""

    outcome = Outcome.QUARANTINED


class Refused(PullError):
    """Graph will not answer this call: permission missing, report not known in this cloud, argument not taken."""

    outcome = Outcome.REFUSED


class RunFailed(UsageArchiveError):
    """Raised after a whole run, so that the invocation counts as failed: a person is needed."""
