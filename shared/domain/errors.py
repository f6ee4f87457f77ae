"""Every error that this app raises on purpose.

UsageArchiveError
|-- SettingError         an app setting is missing or wrong
|-- RequestError         the caller asked for something that cannot be answered
|   |-- UnknownReport    no report has that name
|   |-- BadArgument      a period, date, version or parameter that the report does not take
|   |-- NotArchived      a good call, but the archive has no such snapshot
|   |-- NotAcceptable    it cannot be had in that form
|   |-- NamesConcealed   what is archived names nobody
|   |-- PreconditionFailed   it is not, or no longer, what the caller thinks
|   |-- TooLarge         more than one answer can carry
|   |-- RangeNotSatisfiable  it has fewer bytes
|   |-- BadInput         a file of the organisation's own is not what it should be
|   |-- Busy             there is no memory for it at the moment
|   `-- SeriesUnfinished  it takes more than one request to make it
|-- ArchiveUnavailable   storage did not answer, or refused us
|   `-- DamagedBlob      it answered, and not with the bytes that were written
|-- PullError            a pull that ended without a snapshot; its reason tells the outcome
|   |-- Retryable        the same request may succeed in this very run
|   |   `-- Unconfirmed  a body that is believed only if it comes twice
|   `-- RejectedBody     the body cannot be a snapshot
`-- RunFailed            a run of pulls is over and something in it needs a person
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from shared.domain.error_code import ErrorCode
from shared.domain.evidence import Facts
from shared.domain.outcome import Outcome, Reason
from shared.redaction import redacted


class UsageArchiveError(Exception):
    """The root: catch this to catch every error of this app."""


class SettingError(UsageArchiveError):
    """An app setting is missing or wrong. The text names the setting, its value and what it wants."""

    def __init__(self, name: str, value: str | None, wants: str) -> None:
        self.name = name
        what = "is not set" if value is None else f"holds {value!r}"
        super().__init__(f"The app setting {name} {what}; it wants {wants}{'' if wants[-1] in '.?' else '.'}")


class RequestError(UsageArchiveError):
    """The caller's request cannot be answered; `code` says why.

    `facts` are added to the document of the answer, `headers` to its headers.
    """

    code: ErrorCode

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **facts: object) -> None:
        super().__init__(detail)
        self.facts = facts
        self.headers = headers or {}

    @property
    def status(self) -> int:
        """Of the answer over HTTP."""
        return self.code.status


class UnknownReport(RequestError):
    """No report of Microsoft Graph, of today or of 2017, has that name."""

    code = ErrorCode.UNKNOWN_REPORT


class BadArgument(RequestError):
    """The report is known, but not with this argument."""

    code = ErrorCode.BAD_ARGUMENT


class NotArchived(RequestError):
    """The call is good and there is no such snapshot; `code` says why."""

    def __init__(self, code: ErrorCode, detail: str, **facts: object) -> None:
        super().__init__(detail, headers=None, **facts)
        self.code = code


class NotAcceptable(RequestError):
    """There is such a thing, but not in the form that is asked for."""

    code = ErrorCode.NOT_ACCEPTABLE


class NamesConcealed(RequestError):
    """What is archived names nobody, so that reports and accounts cannot be joined."""

    code = ErrorCode.NAMES_CONCEALED

    def __init__(self, calls: Iterable[object]) -> None:
        super().__init__(f"Names are concealed in {', '.join(map(str, calls))}.")


class PreconditionFailed(RequestError):
    """What is there is not what `If-Match` or `If-Unmodified-Since` names."""

    code = ErrorCode.PRECONDITION_FAILED


class TooLarge(RequestError):
    """More than the Functions host can carry in one answer; the text says what to ask instead."""

    code = ErrorCode.TOO_LARGE


class RangeNotSatisfiable(RequestError):
    """`Range` asks for bytes behind the end."""

    code = ErrorCode.RANGE_NOT_SATISFIABLE


class BadInput(RequestError):
    """A file in `usage-input` is not what it should be: the text names it, the line, and what it wants."""

    code = ErrorCode.BAD_INPUT

    def __init__(self, name: str, line: int, wants: str) -> None:
        super().__init__(f"{name}, line {line}: it wants {wants}.", file=name, line=line)


class Busy(RequestError):
    """Other large answers take all the memory that answers may have."""

    code = ErrorCode.BUSY

    def __init__(self) -> None:
        super().__init__("Other large answers are being sent at the moment.", headers={"Retry-After": "2"})


class SeriesUnfinished(RequestError):
    """A series was made in part, which is kept: there are too many snapshots to merge for one request."""

    code = ErrorCode.SERIES_UNFINISHED

    def __init__(self, months: int) -> None:
        super().__init__(
            f"The series is being made; {months} months are still to be merged.", headers={"Retry-After": "1"}
        )


class ArchiveUnavailable(UsageArchiveError):
    """Blob storage could not be reached or refused the app's identity."""


class AccessRefused(ArchiveUnavailable):
    """Blob storage answered, and refused the app's identity what it asked for."""


class DamagedBlob(ArchiveUnavailable):
    """The bytes of a snapshot are not those that were written."""

    def __init__(self, blob: str) -> None:
        super().__init__(f"The snapshot {blob} is damaged.")


class PullError(UsageArchiveError):
    """A pull that ended without a snapshot. `reason` is for logs and alarms, the text is for people.

    The text may quote what others said: what looks like a secret in it is hidden.
    """

    blob: str | None = None
    """Where the body is kept for people to look at, if one came."""
    facts: Facts = MappingProxyType({})
    """What Graph's answer was like, if one came."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(redacted(detail))
        self.reason = reason

    @property
    def outcome(self) -> Outcome:
        """How the pull ended."""
        return self.reason.outcome


class Retryable(PullError):
    """The same request may succeed in this very run; `after` is the wait in seconds that Graph asked for, if it did."""

    def __init__(self, reason: Reason, detail: str, after: float | None = None) -> None:
        super().__init__(reason, detail)
        self.after = after


class Unconfirmed(Retryable):
    """A sane body has so few rows, or such an end, that it is believed only if it comes a second time.

    `content` is the digest of its values.
    """

    def __init__(self, detail: str, content: str, *, has_few_rows: bool) -> None:
        super().__init__(Reason.UNCONFIRMED, detail, after=0)
        self.content = content
        self.has_few_rows = has_few_rows


class RejectedBody(PullError):
    """The body cannot be a snapshot: it has no rows, or is not a sane CSV of this report."""


class RunFailed(UsageArchiveError):
    """Raised after a whole run, so that the invocation counts as failed: a person is needed."""
