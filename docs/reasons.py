"""Why a pull ended as it did: every word that logs, records and `/status` give as a reason, and what it means. Data.

`docs/messages.md` is made of it, and a test holds it against what the app says.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.domain.errors import Outcome


class Reason(NamedTuple):
    """One word, with one outcome."""

    word: str
    outcome: Outcome
    meaning: str
    advice: str
    """What a person should do."""


_HEALS = "Nothing: the next run asks again."
_WAIT = "Nothing, if nobody uses that service or has a licence for it. Every run asks again; a single day, once a day."
_LOOK = "Look at the body in `usage-quarantine`, and file an issue."

REASONS = (
    Reason(
        "not_modified", Outcome.UNCHANGED, "The refresh date stands still since the body was read that day.", "Nothing."
    ),
    Reason(
        "not_due",
        Outcome.UNCHANGED,
        "Graph was not asked: the body was read that day, and nothing newer can be out yet.",
        "Nothing.",
    ),
    Reason("empty_body", Outcome.NO_DATA, "The body is empty.", _WAIT),
    Reason("no_rows", Outcome.NO_DATA, "The body has a header and no rows.", _WAIT),
    Reason(
        "unknown_tenant",
        Outcome.NO_DATA,
        "Microsoft makes no reports of the tenant yet.",
        "Wait: a new tenant has reports from the second or third day on.",
    ),
    Reason(
        "rate_limited",
        Outcome.DEFERRED,
        "Graph answered 429: this app, or all apps of the tenant together, asked too often.",
        "Nothing at first. If it stays, another app uses up what the tenant may ask: find it.",
    ),
    Reason("budget", Outcome.DEFERRED, "The report had its ten requests in ten minutes.", _HEALS),
    Reason("out_of_time", Outcome.DEFERRED, "The 25 minutes of the run were over.", _HEALS),
    Reason(
        "no_token",
        Outcome.DEFERRED,
        "The managed identity got no token.",
        "If it stays: see whether the app has its identity and `AZURE_CLIENT_ID` names it, and restart the app.",
    ),
    Reason("unauthorized", Outcome.DEFERRED, "Graph answered 401, to a new token too.", _HEALS),
    Reason("graph_error", Outcome.DEFERRED, "Graph answered 408 or 5xx, however often it was asked.", _HEALS),
    Reason(
        "unreachable",
        Outcome.DEFERRED,
        "Graph or the download host gave no answer, or said nothing for a minute.",
        _HEALS,
    ),
    Reason("too_slow", Outcome.DEFERRED, "The answer took more than 240 seconds.", _HEALS),
    Reason("cut_short", Outcome.DEFERRED, "The body broke off, or its last row is not whole.", _HEALS),
    Reason("unframed", Outcome.DEFERRED, "The answer told neither its length nor its end, so it may be cut.", _HEALS),
    Reason("encoded", Outcome.DEFERRED, "The body came in an encoding that was not asked for.", _HEALS),
    Reason("download_failed", Outcome.DEFERRED, "The download host did not answer with 200.", _HEALS),
    Reason(
        "missing_credentials",
        Outcome.DEFERRED,
        "Graph says that credentials are missing, which are there; this was seen of some reports for days.",
        "Nothing at first. If it stays for days, open a support case with Microsoft.",
    ),
    Reason("not_modified", Outcome.DEFERRED, "Graph answered 304 to a question without a condition.", _HEALS),
    Reason(
        "unconfirmed",
        Outcome.DEFERRED,
        "A body with fewer than 70 % of the rows before it came, and could not be asked for a second time.",
        _HEALS,
    ),
    Reason("conflict", Outcome.DEFERRED, "Another run archived the same refresh date at that moment.", _HEALS),
    Reason(
        "archive_unavailable",
        Outcome.DEFERRED,
        "Blob storage did not answer, or refused the app.",
        "If it stays: the app's roles on the four containers, and the network rules of the storage account.",
    ),
    Reason("disk_full", Outcome.DEFERRED, "There was no room for the temporary file of a large body.", _HEALS),
    Reason(
        "defect",
        Outcome.DEFERRED,
        "A mistake in the app itself: the log has the exception.",
        "File an issue, with those lines.",
    ),
    Reason("not_csv", Outcome.QUARANTINED, "The body is not a CSV file.", _LOOK),
    Reason("not_utf8", Outcome.QUARANTINED, "The body is not UTF-8.", _LOOK),
    Reason("not_this_report", Outcome.QUARANTINED, "The body has not the columns of this report.", _LOOK),
    Reason("wrong_period", Outcome.QUARANTINED, "The rows are of another period than was asked for.", _LOOK),
    Reason("no_refresh_date", Outcome.QUARANTINED, "No row has a refresh date.", _LOOK),
    Reason(
        "bad_refresh_date", Outcome.QUARANTINED, "A row has a refresh date that is no date, or is yet to come.", _LOOK
    ),
    Reason("two_refresh_dates", Outcome.QUARANTINED, "The rows have different refresh dates.", _LOOK),
    Reason(
        "unsteady", Outcome.QUARANTINED, "Two bodies came with fewer than 70 % of the rows, and not the same.", _LOOK
    ),
    Reason(
        "permission",
        Outcome.REFUSED,
        "Graph answered 403: `Reports.Read.All` is missing, or was granted less than a day ago.",
        "[Grant it](deploy.md#three-ways-to-grant-reportsreadall), and wait: every run asks again.",
    ),
    Reason(
        "unknown_in_this_cloud",
        Outcome.REFUSED,
        "Graph knows no such report, as its cloud does not have it. It is asked for again once a week.",
        "Nothing, and no alarm fires. `-REPORT` in `REPORTS` leaves it out.",
    ),
    Reason(
        "date_out_of_reach",
        Outcome.REFUSED,
        "Graph no longer has that day.",
        "Nothing helps. While it should still be there it is asked for again, after growing pauses.",
    ),
    Reason(
        "bad_request",
        Outcome.REFUSED,
        "Graph answered with another error of 4xx; the text says which.",
        "Leave the report out, with `-REPORT` in `REPORTS`, and file an issue.",
    ),
    Reason(
        "bad_redirect",
        Outcome.REFUSED,
        "Graph redirects to a host that is not allowed; the text names it.",
        "If that host is Microsoft's, add it to `DOWNLOAD_HOSTS`.",
    ),
    Reason(
        "private_address",
        Outcome.REFUSED,
        "The name of the download host leads to a private address.",
        "Look at the name resolution of the app's network.",
    ),
    Reason("too_large", Outcome.REFUSED, "The body has more than 1 GiB.", "File an issue."),
    Reason("bomb", Outcome.REFUSED, "The body unfolds to more than 200 times its size.", "File an issue."),
)
