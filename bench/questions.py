"""The questions of the bench."""

QUESTIONS = (
    "imports",
    "package",
    "requests_of_a_year",
    "quiet_run",
    "newest_small",
    "newest_large",
    "series",
    "age",
    "status",
    "dashboard",
    "verify",
    "memory",
    "reading",
    "accounts",
    "records",
    "coverage",
    "past",
    "pull",
    "lake",
    "tables",
)
"""The modules that answer one each: `rows(scale)`, which raises Skipped instead of a row that cannot be had here."""
