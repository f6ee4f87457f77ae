"""`python -m tests.reliability dates`: the tests that depend on time, on thirty awkward dates."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime

from local.setup import ROOT

DATES = {
    "an ordinary day": ("2027-02-17",),
    "a Sunday, when few work": ("2026-12-06", "2027-01-10", "2027-06-06", "2027-08-15", "2027-09-26", "2028-03-05"),
    "a Monday after it": ("2027-01-11", "2027-06-07"),
    "the end of a month": ("2026-11-30", "2027-01-31", "2027-04-30", "2027-08-31"),
    "the beginning of a month": ("2026-12-01", "2027-03-01", "2027-07-01", "2027-10-01"),
    "the turn of the year": ("2026-12-31", "2027-01-01", "2027-12-31", "2028-01-02"),
    "around 29 February": ("2028-02-28", "2028-02-29", "2028-03-01", "2029-02-28"),
    "clocks go forward": ("2027-03-14", "2027-03-28"),
    "clocks go back": ("2027-10-31", "2027-11-07", "2028-10-29"),
}


def try_all(only: str = "") -> int:
    """Run the tests on each date, or on one. Return the exit status: 1 if a test failed."""
    failed = 0
    for what, dates in DATES.items():
        for date in dates:
            if only in ("", date):
                failed += _try(date, what)
    return int(bool(failed))


def _try(date: str, what: str) -> int:
    """Run the tests on a date, and print how it ended. Return the exit status of pytest."""
    started = time.monotonic()
    morning = datetime.fromisoformat(date).replace(hour=7, minute=15, tzinfo=UTC)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--quiet", "-m", "any_date", "--numprocesses=2", "--dist=loadfile"],
        cwd=ROOT,
        env=os.environ | {"USAGE_ARCHIVE_MORNING": morning.isoformat()},
        capture_output=True,
        text=True,
    )
    *_, summary = done.stdout.splitlines()
    print(f"{morning:%Y-%m-%d %a}  {what:<26} {summary} ({time.monotonic() - started:.0f} s)", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr)
    return done.returncode
