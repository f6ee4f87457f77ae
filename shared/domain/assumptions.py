"""What the app assumes of the live service, from documentation and public threads, and how each is settled. Pure.

`docs/tried.md` is made of this table, and so is what `doctor` and `/status/evidence` tell.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple


class Assumption(NamedTuple):
    """One line of the table."""

    fact: str
    """As the evidence calls it."""
    says: str
    """What is assumed, in a sentence."""
    words: str = ""
    """A pattern that fits whole values that are as assumed; of numbers there is none."""
    least: float = -math.inf
    most: float = math.inf
    """Between these the numbers are as assumed."""
    settled: str = "the first run"
    """What shows it."""

    def fits(self, value: str) -> bool:
        """Whether a value is as assumed."""
        return re.fullmatch(self.words, value, re.ASCII) is not None


_IN_AZURE = "the first run in Azure"
_ONE_DAY = "the second run of a day"

ASSUMPTIONS = (
    Assumption(
        "statuses",
        "Graph answers a report with 302 and the download with 200, or at once with 200; 304 if nothing is new.",
        r"(302 )?200|20[04]|30[24]|(302 )?[45]\d\d",
    ),
    Assumption(
        "redirect_host",
        "A report is downloaded from a host reports*.office.com, or from one of `DOWNLOAD_HOSTS`.",
        r"reports[a-z0-9-]*\.office\.com|one of DOWNLOAD_HOSTS",
    ),
    Assumption("etag", "Graph's ETag is the refresh date, in base64.", "a date in base64"),
    Assumption(
        "not_modified",
        "Graph answers 304 to a request with the ETag of a refresh date that stands still.",
        "304",
        settled=_ONE_DAY,
    ),
    Assumption("framing", "A download tells its length, or comes in chunks.", "length|chunks"),
    Assumption(
        "content_type",
        "A download calls itself bytes or text.",
        r"application/octet-stream|text/(csv|plain)(; charset=utf-8)?",
    ),
    Assumption("bom", "A report begins with one BOM.", "one"),
    Assumption("line_ends", "Lines end in CRLF.", "CRLF"),
    Assumption("quotes", "Cells stand in quotes only where they have to.", "none|some"),
    Assumption("columns", "A report has the columns that Microsoft documents.", "as documented"),
    Assumption("refresh_dates", "All rows of a report have one refresh date.", "one"),
    Assumption(
        "days_behind",
        "The newest refresh date is one to three days old.",
        least=1,
        most=3,
        settled="a run, and again each day",
    ),
    Assumption("seconds", "A report is there within a minute.", least=0, most=60),
    Assumption(
        "retry_after", "429 says in seconds how long to wait, or says nothing.", "seconds|nothing", settled="a 429"
    ),
    Assumption("retry_after_seconds", "That is ten minutes at most.", least=0, most=600, settled="a 429"),
    Assumption("graph_headers", "Graph's answers carry `request-id`.", r"(.*, )?request-?id(, .*)?"),
    Assumption("download_headers", "Of the headers of a download, nothing but its length is needed.", ".*"),
    Assumption("python", "Azure runs Python 3.13.", r"3\.13", settled=_IN_AZURE),
    Assumption("host", "The Functions host is of version 4.", r"~?4(\..*)?", settled=_IN_AZURE),
    Assumption(
        "memory",
        "An instance has 512, 2,048 or 4,096 MB, or tells no limit.",
        "no limit|512|2048|4096",
        settled=_IN_AZURE,
    ),
    Assumption("start_seconds", "The app is imported within ten seconds of CPU; the host gives 30.", least=0, most=10),
    Assumption("run_seconds", "A run ends within its 25 minutes, and five more.", least=0, most=1800),
)
"""In the order in which they are shown."""
