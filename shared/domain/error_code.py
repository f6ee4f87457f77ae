"""Why a request over HTTP cannot be answered. Pure; `docs/messages.md` is made of it."""

from __future__ import annotations

from shared.domain.word import Word


class ErrorCode(Word):
    """Why a request over HTTP cannot be answered: the `code` of a problem document."""

    status: int
    """Of the answer."""

    def __init__(self, word: str, status: int = 500, meaning: str = "", advice: str = "") -> None:
        super().__init__(word, meaning, advice)
        self.status = status

    BAD_ARGUMENT = (
        "bad_argument",
        400,
        "A call, parameter or date is wrong.",
        "Read `detail`: it names the parameter and what it may be. Dates are `YYYY-MM-DD`, and `from` is before `to`.",
    )
    UNKNOWN_REPORT = (
        "unknown_report",
        404,
        "Graph has no report of that name.",
        "`nearest` has similar names; [the list](reports.md) has all.",
    )
    UNKNOWN_PATH = "unknown_path", 404, "The path is none of [these](api.md).", "Is it `/api/v1.0/reports/...`?"
    PERSONAL_REPORT = (
        "personal_report",
        404,
        "The report has a row per person, site, group or team.",
        "Ask below `/personal/`, with a key of `personal_reports`.",
    )
    NOT_PULLED = (
        "not_pulled",
        404,
        "The archive has no such snapshot; if Graph had one, it was missed.",
        "The call is not in `REPORTS`, the first run is yet to come, or the day is `lost`, newer than the newest, or "
        "had no rows so far: `nearestBefore` and `nearestAfter` have what there is.",
    )
    UNKNOWN_TENANT = (
        "unknown_tenant",
        404,
        "There is no archive of that tenant, or none that the caller may read.",
        "`/api/tenants` lists the tenants by their ids; the setting `TENANTS` says which there are.",
    )
    NEVER_PUBLISHED = (
        "never_published",
        404,
        "Microsoft never published that day, or had no rows of it as long as it could be asked for: the archive was "
        "watching.",
        "Take the one before.",
    )
    BEFORE_ARCHIVE = (
        "before_archive",
        404,
        "The day is older than the first snapshot that is kept or, with `asOf`, than the first pull.",
        "`nearestAfter` has the first.",
    )
    IN_FUTURE = "in_future", 404, "The day is yet to come.", "All days are in UTC."
    NO_SUCH_REVISION = (
        "no_such_revision",
        404,
        "The day was corrected less often.",
        "Leave `revision` out for the last.",
    )
    METHOD_NOT_ALLOWED = (
        "method_not_allowed",
        405,
        "The method is none of those in `Allow`.",
        "GET or HEAD, and POST for `/pull`.",
    )
    NOT_ACCEPTABLE = (
        "not_acceptable",
        406,
        "There is no form that `Accept` admits, or the names of the report in JSON are not known.",
        "Send no `Accept`, or ask for CSV.",
    )
    NAMES_CONCEALED = (
        "names_concealed",
        409,
        "The reports name nobody, so that nothing can be said of a person.",
        "An administrator unchecks *Display concealed user, group, and site names in all reports* in the Microsoft 365 "
        "admin centre, *Settings*, *Org settings*, *Reports*; or ask for a date with names.",
    )
    PRECONDITION_FAILED = (
        "precondition_failed",
        412,
        "What is there is not what `If-Match` or `If-Unmodified-Since` names.",
        "What you hold is not the newest any more: ask without the condition.",
    )
    TOO_LARGE = (
        "too_large",
        413,
        "The answer is larger than the Functions host can carry.",
        "`detail` says what fits: `every=week`, a shorter range, or `Accept-Encoding: gzip`.",
    )
    RANGE_NOT_SATISFIABLE = (
        "range_not_satisfiable",
        416,
        "The body is shorter than that `Range`.",
        "Ask for a range within it, or without `Range`.",
    )
    BAD_SETTING = (
        "bad_setting",
        500,
        "An app setting is missing or wrong.",
        "`detail` names it, what it holds and what it wants: [settings](settings.md).",
    )
    BAD_INPUT = (
        "bad_input",
        500,
        "A file in `usage-input` is not what it should be.",
        "`detail` names the file, the line and what it wants: [prices and people](operations.md#prices-and-people).",
    )
    INTERNAL_ERROR = (
        "defect",
        500,
        "A mistake in the app itself.",
        "File an issue, with the exception from [the log](operations.md#the-log).",
    )
    DAMAGED = (
        "damaged",
        502,
        "The bytes in storage are not those that were written: nobody gets them.",
        "`verify` lists what is damaged. Restore the blob from a copy or from soft delete.",
    )
    BUSY = (
        "busy",
        503,
        "So many large answers are being made and sent that there is no memory for another.",
        "Try again after `Retry-After` seconds, or ask with `Accept-Encoding: gzip`.",
    )
    SERIES_UNFINISHED = (
        "series_unfinished",
        503,
        "The series is being made of more snapshots than one request has time for; what was merged is kept.",
        "Try again after `Retry-After` seconds: each request goes on where the last one ended.",
    )
    ARCHIVE_UNAVAILABLE = (
        "archive_unavailable",
        503,
        "Storage does not answer, or refuses the app.",
        "Try again after `Retry-After` seconds. If it stays: [why 503](troubleshooting.md#why-do-i-get-503).",
    )
