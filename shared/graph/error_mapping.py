"""What it means for a pull when Graph answers neither with the report nor with a redirect to it."""

from __future__ import annotations

import json
import math
from collections.abc import Container, Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from shared.domain.errors import PullError, Retryable
from shared.domain.outcome import Reason

LONGEST_ERROR = 64 << 10
"""Bytes of a body that are read to find out what went wrong."""


class Meaning(NamedTuple):
    """The error and reason of an answer that has one of the statuses, the code, and the words in its message."""

    error: type[PullError]
    reason: Reason
    statuses: Container[int] = range(1000)
    code: str = ""
    words: str = ""


MEANINGS = (
    # learn.microsoft.com/graph/api/reportroot-getsharepointapiusage: nothing for that period or date
    Meaning(PullError, Reason.EMPTY_BODY, {204}),
    # learn.microsoft.com/graph/errors; the code InvalidAuthenticationToken in elastic/integrations (o365_metrics)
    Meaning(Retryable, Reason.UNAUTHORIZED, {401}),
    # learn.microsoft.com/graph/throttling
    Meaning(Retryable, Reason.RATE_LIMITED, {429}),
    # learn.microsoft.com/graph/errors
    Meaning(Retryable, Reason.GRAPH_ERROR, {408, *range(500, 1000)}),
    # microsoftgraph/msgraph-sdk-dotnet#1751: some reports, overnight, for days
    Meaning(PullError, Reason.MISSING_CREDENTIALS, code="MissingCredentials"),
    # microsoftgraph/microsoft-graph-docs#8946: "Invalid date value specified: 2020-06-03.", and the 28 days it allows
    Meaning(PullError, Reason.DATE_OUT_OF_REACH, words="date value"),
    Meaning(PullError, Reason.DATE_OUT_OF_REACH, words="28 days"),
    # learn.microsoft.com/graph/api/reportroot-getsharepointapiusage: "Tenant is not enabled for this report type."
    Meaning(PullError, Reason.NOT_SWITCHED_ON, {403}, words="not enabled for this report type"),
    # The code S2SUnauthorized in microsoftgraph/msgraph-sdk-dotnet#317 and microsoft-graph-docs#8547
    Meaning(PullError, Reason.PERMISSION, {403}),
    # microsoftgraph/microsoft-graph-docs#5738: a new tenant
    Meaning(PullError, Reason.UNKNOWN_TENANT, code="UnknownTenantId"),
    # davidmoten/odata-client#93, centreon/centreon-plugins#2305: "Resource not found for the segment 'x'."
    Meaning(PullError, Reason.UNKNOWN_IN_THIS_CLOUD, words="segment"),
    Meaning(PullError, Reason.UNKNOWN_IN_THIS_CLOUD, {404}),
    Meaning(PullError, Reason.BAD_REQUEST),
)
"""The first that fits counts. Sources are the errors as Microsoft documents them or as issues on GitHub quote them."""
STALE_TOKEN = frozenset({Reason.UNAUTHORIZED, Reason.PERMISSION})
"""Reasons that a new token may mend: the old one is not taken, or was issued before the role was granted."""


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> PullError:
    """Return what an answer means whose body begins with these bytes."""
    code, message = _code_and_message(body)
    words = f" {code}".rstrip() + (f": {message}" if message or code else ".")
    detail = f"Graph answered {status}{words}"
    meaning = next(
        each for each in MEANINGS if status in each.statuses and each.code in ("", code) and each.words in message
    )
    if meaning.error is Retryable:
        return Retryable(meaning.reason, detail, _seconds_to_wait(status, headers))
    return meaning.error(meaning.reason, detail)


def _code_and_message(body: bytes) -> tuple[str, str]:
    """Return Graph's code and message; both empty for a foreign body.

    The message may hold the true error as JSON, and that another: the innermost code and words that there are count.
    """
    code, message, text = "", "", body.decode(errors="replace")
    while error := _error_in(text):
        code, text = str(error.get("code") or code), str(error.get("message") or "")
        message = text or message
    return code, message[:300]


def _error_in(text: str) -> Mapping[str, object]:
    """Return the error that a JSON text holds; empty if it holds none."""
    try:
        content = json.loads(text.strip().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return {}
    error = content.get("error") if isinstance(content, dict) else None
    return error if isinstance(error, dict) else {}


def _seconds_to_wait(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the wait before the next attempt, or None if Graph names none."""
    if status == 401:
        return 0  # the next token may be taken at once
    return _retry_after(headers) if status == 429 else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds in `Retry-After`: an integer, a fraction (Graph sends that too) or a date; None if neither."""
    text = headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            until = parsedate_to_datetime(text)
            seconds = (until - parsedate_to_datetime(headers.get("Date", ""))).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if 0 <= seconds < math.inf else None
