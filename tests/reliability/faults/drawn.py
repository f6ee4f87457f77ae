"""The faults of Graph and of storage that walks and worlds draw from."""

from shared.archive.layout import DERIVED
from tests.reliability.faults.cases import CASES, COMMIT, PUT_BLOB, PUT_BLOCK, Case, large

_SLOW = {"hang", "silence", "drip", "endless", "gzip_bomb", "refused", "delay"}
_LIES = [("date_form", {"text": "{tomorrow}"}), ("two_dates", {}), ("not_modified", {})]
"""What can be true is believed: a date, of a report with a single row, or that nothing is new.

What is missed for that has a wrong name, or none.
"""
GRAPH_FAULTS = [
    *(
        case
        for case in CASES
        if case.graph and not case.storage and not any(rule["fault"] in _SLOW for rule in case.graph)
        if not any((rule["fault"], rule["args"]) in _LIES for rule in case.graph)
    ),
    Case("F50", "a large body", "published", large("Display Name")),
]

NOTE = {"operation": "put_blob", "container": DERIVED}
"""What can be made again is written, or the requests are noted."""
GET, LIST = {"operation": "get"}, {"operation": "list"}
STORAGE_FAULTS = [
    *(
        (fault, match)
        for match in (PUT_BLOB, PUT_BLOCK, COMMIT, NOTE, GET)
        for fault in (
            *("busy", "timed_out", "reset", "lost_answer", "no_permission", "container_missing", "container_going"),
            *("changed", "read_only", "disabled"),
        )
    ),
    *((fault, LIST) for fault in ("busy", "reset", "no_permission", "disabled", "stale_list")),
]
"""What fails, and at which operation. Storage never says that a blob exists which does not."""
