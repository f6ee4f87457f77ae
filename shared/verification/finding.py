"""What `verify` can find. Pure; `docs/messages.md` is made of it."""

from __future__ import annotations

from typing import NamedTuple

from shared.domain.word import Word

_REMAKE = "Delete the series: it is made again."
_RESTORE = (
    "Restore it from a copy, if there is one, and find out who wrote over it. A series can be deleted: it is remade."
)


class FindingCode(Word):
    """What is wrong with a blob."""

    GONE = "gone", "A blob that something else vouches for is not there.", "Restore it from a copy, if there is one."
    DAMAGED = "damaged", "Its bytes are not those that were written.", _RESTORE
    CUT_SHORT = "cut_short", "The gzip file has no end.", _RESTORE
    BYTES_AFTER_END = "bytes_after_end", "Something follows the end of the gzip file.", _RESTORE
    NOT_GZIP = "not_gzip", "The file does not begin as a gzip file of this app does.", _RESTORE
    WRONG_CONTENT = "wrong_content", "Its bytes do not match the SHA-256 that is written down.", _RESTORE
    WRONG_DATE = "wrong_date", "Its rows are of another refresh date than its name.", _RESTORE
    WRONG_PERIOD = "wrong_period", "Its rows are of another period than its name.", _RESTORE
    ANOTHER_REPORT = (
        "another_report",
        "Its columns are those of another report than its name, or it names people and its report does not.",
        "Take it out of the archive, and restore the true one from a copy, if there is one. If it names people, delete "
        "the series too: it is made again.",
    )
    BAD_METADATA = "bad_metadata", "Its metadata are not whole, or not as the app writes them.", _RESTORE
    WRONG_METADATA = "wrong_metadata", "Its metadata do not fit its rows.", _RESTORE
    NOT_SANE = "not_sane", "It would not pass the checks of a pull.", _RESTORE
    SAME_BODY = "same_body", "A revision of a day has the same bytes as the one before.", "File an issue."
    OUT_OF_ORDER = "out_of_order", "A later revision was pulled before an earlier one.", "File an issue."
    SNAPSHOTS_GONE = (
        "snapshots_gone",
        "A series has merged snapshots that are not there.",
        "Restore the snapshots from a copy, if there is one.",
    )
    SNAPSHOTS_CHANGED = "snapshots_changed", "A series has merged snapshots that are not as they were.", _RESTORE
    BEHIND = (
        "behind",
        "A series lacks snapshots for more than an hour.",
        "Nothing at first: the next pull or reader makes it good. If it stays, delete the series: it is made again.",
    )
    SERIES_DIFFERS = "series_differs", "A series is not what its snapshots give.", _REMAKE
    TABLE_DIFFERS = (
        "table_differs",
        "A table is not what its snapshots give, or more than one has the same days.",
        "Make it again: `verify --make-tables`.",
    )
    TABLE_GONE = (
        "table_gone",
        "A table that the table index tells of is not there.",
        "Make it again: `verify --make-tables`.",
    )
    MANIFEST_DIFFERS = (
        "manifest_differs",
        "A manifest does not tell the newest revisions of its month, or is not there.",
        "Make it again: `verify --make-tables`.",
    )
    DELTA_DIFFERS = (
        "delta_differs",
        "The log of a Delta table does not tell the tables that are there, or was left when `DELTA` was switched off.",
        "Make it again: `verify --make-tables`. Without `DELTA`, delete the folder `_delta_log`.",
    )
    COVERAGE_DIFFERS = (
        "coverage_differs",
        "The coverage index is not what the names say, for more than an hour.",
        "Nothing at first: whatever others put there or took away shows in its turn. To have it at once, delete "
        "`coverage.json.gz`: it is made again.",
    )
    UNKNOWN_BLOB = (
        "unknown_blob",
        "The app writes no blob of that name.",
        "Find out who wrote it, and delete it if nobody needs it.",
    )
    WRONG_CONTAINER = "wrong_container", "The app writes that blob to another container.", "As `unknown_blob`."


class Finding(NamedTuple):
    """Something that is wrong with a blob."""

    container: str
    name: str
    code: FindingCode
    detail: str

    def __str__(self) -> str:
        return f"{self.code}: {self.container}/{self.name}: {self.detail}"


class IntegrityError(Exception):
    """A blob is not what it should be. The text is for people."""

    def __init__(self, code: FindingCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
