"""The words for what became of a pull, why, and what a reader should know of a snapshot. Pure.

`docs/messages.md` is made of them.
"""

from __future__ import annotations

from shared.domain.word import Word


class Outcome(Word):
    """How a pull ended: exactly one of these, for every call of every run."""

    PUBLISHED = "published", "The first snapshot of its refresh date is archived."
    UNCHANGED = "unchanged", "Nothing new: the same refresh date with the same content."
    REVISED = "revised", "Microsoft corrected a day: another snapshot is archived beside the earlier ones."
    NO_DATA = "no_data", "Graph has nothing for this call, or nothing yet."
    DEFERRED = (
        "deferred",
        "Nothing is archived, and nothing is wrong that time does not heal: the next run asks again.",
    )
    QUARANTINED = (
        "quarantined",
        "A body came that is not a whole, sane CSV of this report: it is kept aside and not published.",
    )
    REFUSED = "refused", "Graph will not answer this call until somebody changes something."

    @property
    def is_success(self) -> bool:
        """Whether the archive holds what Graph shows after such a pull."""
        return self in (Outcome.PUBLISHED, Outcome.UNCHANGED, Outcome.REVISED)


_HEALS = "Nothing: the next run asks again."
_WAIT = "Nothing, if nobody uses that service or has a licence for it. Every run asks again; a single day, once a day."
_LOOK = "Look at the body in `usage-quarantine`, and file an issue."


class Reason(Word):
    """Why a pull ended as it did. A pull that read a body has none if all is well."""

    outcome: Outcome
    """How a pull ends for this reason."""

    def __init__(self, word: str, outcome: Outcome = Outcome.DEFERRED, meaning: str = "", advice: str = "") -> None:
        super().__init__(word, meaning, advice)
        self.outcome = outcome

    NOT_MODIFIED = (
        "not_modified",
        Outcome.UNCHANGED,
        "The refresh date stands still since the body was read that day. *Deferred* if Graph says so without having "
        "been asked for that.",
        "Nothing.",
    )
    NOT_DUE = (
        "not_due",
        Outcome.UNCHANGED,
        "Graph was not asked: the body was read that day, and nothing newer can be out yet.",
        "Nothing.",
    )
    EMPTY_BODY = "empty_body", Outcome.NO_DATA, "The body is empty, or Graph answered 204.", _WAIT
    NO_ROWS = "no_rows", Outcome.NO_DATA, "The body has a header and no rows.", _WAIT
    UNKNOWN_TENANT = (
        "unknown_tenant",
        Outcome.NO_DATA,
        "Microsoft makes no reports of the tenant yet.",
        "Wait: a new tenant has reports from the second or third day on.",
    )
    RATE_LIMITED = (
        "rate_limited",
        Outcome.DEFERRED,
        "Graph answered 429: this app, or all apps of the tenant together, asked too often.",
        "Nothing at first. If it stays, another app uses up what the tenant may ask: find it.",
    )
    BUDGET = "budget", Outcome.DEFERRED, "The report had its ten requests in ten minutes.", _HEALS
    OUT_OF_TIME = (
        "out_of_time",
        Outcome.DEFERRED,
        "The 25 minutes of the run were over, maybe before all of an answer had come.",
        _HEALS,
    )
    NO_TOKEN = (
        "no_token",
        Outcome.DEFERRED,
        "The managed identity got no token.",
        "If it stays: see whether the app has its identity and `AZURE_CLIENT_ID` names it, and restart the app.",
    )
    NO_CONSENT = (
        "no_consent",
        Outcome.REFUSED,
        "The tenant of a customer has not consented to the app, or has taken its consent back.",
        "Let an administrator of that tenant open the consent URL that `/api/tenants` shows. The next run sees it.",
    )
    UNAUTHORIZED = "unauthorized", Outcome.DEFERRED, "Graph answered 401, to a new token too.", _HEALS
    GRAPH_ERROR = "graph_error", Outcome.DEFERRED, "Graph answered 408 or 5xx, however often it was asked.", _HEALS
    UNREACHABLE = (
        "unreachable",
        Outcome.DEFERRED,
        "Graph or the download host gave no answer, or said nothing for a minute.",
        _HEALS,
    )
    TOO_SLOW = "too_slow", Outcome.DEFERRED, "The answer took more than 240 seconds.", _HEALS
    CUT_SHORT = "cut_short", Outcome.DEFERRED, "The body broke off, or its last row is not whole.", _HEALS
    UNFRAMED = (
        "unframed",
        Outcome.DEFERRED,
        "The answer told neither its length nor its end, so it may be cut.",
        _HEALS,
    )
    ENCODED = "encoded", Outcome.DEFERRED, "The body came in an encoding that was not asked for.", _HEALS
    DOWNLOAD_FAILED = "download_failed", Outcome.DEFERRED, "The download host did not answer with 200.", _HEALS
    MISSING_CREDENTIALS = (
        "missing_credentials",
        Outcome.DEFERRED,
        "Graph says that credentials are missing, which are there; this was seen of some reports for days.",
        "Nothing at first. If it stays for days, open a support case with Microsoft.",
    )
    UNCONFIRMED = (
        "unconfirmed",
        Outcome.DEFERRED,
        "A body came that may lack rows: it has fewer than 70 % of those before it, or ends as if it were cut. It did "
        "not come a second time.",
        _HEALS,
    )
    CONFLICT = "conflict", Outcome.DEFERRED, "Another run archived the same refresh date at that moment.", _HEALS
    ARCHIVE_UNAVAILABLE = (
        "archive_unavailable",
        Outcome.DEFERRED,
        "Blob storage did not answer, or refused the app.",
        "If it stays: the app's roles on the containers, and the network rules of the storage account.",
    )
    SUPPRESSION_UNKNOWN = (
        "suppression_unknown",
        Outcome.DEFERRED,
        "The list of those who must not come back could not be read, so no personal report is archived.",
        "If it stays: the app's role on `usage-erased`, or `suppressed.json` in it, of which an older version can be "
        "[restored](lifecycle.md#restore).",
    )
    BAD_PAGE = (
        "bad_page",
        Outcome.DEFERRED,
        "A page of the directory is not what Graph documents, or the pages have no end.",
        _HEALS,
    )
    DISK_FULL = "disk_full", Outcome.DEFERRED, "There was no room for the temporary file of a large body.", _HEALS
    INTERNAL_ERROR = (
        "defect",
        Outcome.DEFERRED,
        "A mistake in the app itself: the log has the exception.",
        "File an issue, with those lines.",
    )
    NOT_CSV = "not_csv", Outcome.QUARANTINED, "The body is not a CSV file.", _LOOK
    NOT_UTF8 = "not_utf8", Outcome.QUARANTINED, "The body is not UTF-8.", _LOOK
    NOT_THIS_REPORT = (
        "not_this_report",
        Outcome.QUARANTINED,
        "The body has not the columns of this report, or names people where this report names nobody.",
        _LOOK,
    )
    WRONG_PERIOD = "wrong_period", Outcome.QUARANTINED, "The rows are of another period than was asked for.", _LOOK
    NO_REFRESH_DATE = "no_refresh_date", Outcome.QUARANTINED, "No row has a refresh date.", _LOOK
    BAD_REFRESH_DATE = (
        "bad_refresh_date",
        Outcome.QUARANTINED,
        "A row has a refresh date that is no date, or is yet to come.",
        _LOOK,
    )
    TWO_REFRESH_DATES = "two_refresh_dates", Outcome.QUARANTINED, "The rows have different refresh dates.", _LOOK
    PERMISSION = (
        "permission",
        Outcome.REFUSED,
        "Graph answered 403: `Reports.Read.All` is missing, or was granted less than a day ago. Reports of the "
        "directory need others, and `permissions` in `/status` says which is missing.",
        "[Grant it](deploy.md#three-ways-to-grant-reportsreadall), and wait: every run asks again.",
    )
    NOT_SWITCHED_ON = (
        "not_switched_on",
        Outcome.REFUSED,
        "Graph does not measure this for the tenant: nobody has switched that metric on.",
        "Nothing, and no alarm fires. An administrator may switch it on; or `-REPORT` in `REPORTS` leaves it out.",
    )
    UNKNOWN_IN_THIS_CLOUD = (
        "unknown_in_this_cloud",
        Outcome.REFUSED,
        "Graph knows no such report, as its cloud does not have it. It is asked for again once a week.",
        "Nothing, and no alarm fires. `-REPORT` in `REPORTS` leaves it out.",
    )
    DATE_OUT_OF_REACH = (
        "date_out_of_reach",
        Outcome.REFUSED,
        "Graph no longer has that day.",
        "Nothing helps. While it should still be there it is asked for again, after growing pauses.",
    )
    BAD_REQUEST = (
        "bad_request",
        Outcome.REFUSED,
        "Graph answered with another error of 4xx; the text says which.",
        "Leave the report out, with `-REPORT` in `REPORTS`, and file an issue.",
    )
    BAD_REDIRECT = (
        "bad_redirect",
        Outcome.REFUSED,
        "Graph redirects to a host that is not allowed; the text names it.",
        "If that host is Microsoft's, add it to `DOWNLOAD_HOSTS`.",
    )
    FOREIGN_PAGE = (
        "foreign_page",
        Outcome.REFUSED,
        "Graph says that the next page of the directory is at another host, which must not get the app's token.",
        "If it stays: see whether something stands between the app and `GRAPH_ENDPOINT`.",
    )
    PRIVATE_ADDRESS = (
        "private_address",
        Outcome.REFUSED,
        "The name of the download host leads to a private address.",
        "Look at the name resolution of the app's network.",
    )
    TOO_LARGE = "too_large", Outcome.REFUSED, "The body has more than 1 GiB.", "File an issue."
    BOMB = "bomb", Outcome.REFUSED, "The body unfolds to more than 200 times its size.", "File an issue."


class Flag(Word):
    """What a reader of a snapshot's numbers should know."""

    SCHEMA = (
        "schema_changed",
        "The columns are not those of the snapshot before: some came, went, moved, have another name or no values "
        "left.",
    )
    NAMES = (
        "names_changed",
        "Names are concealed that were not so in the snapshot before, or the other way round.",
    )
    UNSURE = (
        "names_unsure",
        "Some names may be none: they follow one pattern and are no addresses, or are one address for everybody. They "
        "count as names.",
    )
    SHRUNK = "shrunk", "It has fewer than 70 % of the rows of the snapshot before, and so had two bodies."
    UNENDED = "unended", "The last line has no end, as if the body were cut; the same values came twice like that."
    ERROR_TEXT = (
        "error_text",
        "The last row holds what pages and errors begin with, as if one had cut the body; the same values came twice "
        "like that.",
    )
    RAGGED = "ragged", "Some rows have more or fewer fields than the header."
    UNDATED = (
        "undated",
        "`Report Date` is missing, or blank in some rows: those rows are of no day, and in no series and no chart.",
    )
    ANOTHER_REPORT = (
        "another_report",
        "Its columns are the documented ones of another report, as were those of the snapshot before.",
    )
    OTHER_DATE = "other_date", "A single day whose rows have another refresh date than the day that was asked for."
    OWN_DATES = "own_dates", "Each row has its own `Report Date` as its refresh date: the newest of them counts."
    REPEATED = (
        "repeated_rows",
        "Some rows, or some sites, stand in it more than once; of the directory, an account came on two pages.",
    )
    UNCOUNTED = (
        "uncounted_rows",
        "Graph said that there are more accounts, or fewer, than its pages held: somebody may be missing.",
    )
    WITHOUT_SIGN_INS = (
        "without_sign_ins",
        "Sign-ins were asked for, and Graph gives none: `AuditLog.Read.All` or a licence of Entra ID P1 is missing.",
    )
    REORDERED = "reordered", "The revision before has the same values in another order."
