"""`python3 -m local doctor`: whether the live service does what was assumed of it, line by line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import requests

from local.folder import FILES
from local.parsers import KEY
from local.parsers import doctor as parse
from shared.archive.folder_blob_store import FolderBlobStore
from shared.archive.layout import DERIVED, EVIDENCE
from shared.domain.errors import ArchiveUnavailable
from shared.domain.evidence import Comparison, Evidence, compared

_SHOWN = 3
"""Reports that a line names."""


def main(arguments: Sequence[str]) -> int:
    """Print each assumption, and what was seen of it. Return 1 if something differs, 2 if that cannot be told, or 0."""
    options = parse(arguments)
    try:
        evidence = Evidence.from_bytes(_content(options))
    except (OSError, ValueError, ArchiveUnavailable) as error:
        print(f"There is nothing to compare: {error}", file=sys.stderr)
        return 2
    verdicts = []
    for each in compared(evidence):
        verdicts.append(each.verdict)
        print(line(each))
    counts = {verdict: verdicts.count(verdict) for verdict in ("as_assumed", "differs", "not_seen")}
    print("\n{as_assumed} seen as assumed, {differs} differ, {not_seen} not seen yet.".format(**counts))
    if not (options.url or options.file):
        print("`python3 -m local run` simulates the tenant: --url asks an app that has a true one.")
    return 1 if counts["differs"] else 0


def line(each: Comparison) -> str:
    """Return what was seen of an assumption."""
    seen = "; ".join(f"{value}{_whose(reports)}" for value, reports in each.differs.items())
    words, remark = {
        "not_seen": ("not seen yet", f" ({each.assumption.settled} shows it)"),
        "as_assumed": ("seen live, as assumed", ""),
        "differs": ("differs", f" Instead: {seen}."),
    }[each.verdict]
    return f"{words:<21}  {each.assumption.says}{remark}"


def _whose(reports: Sequence[str]) -> str:
    named = [*filter(None, reports)]
    others = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f" ({', '.join(named[:_SHOWN])}{others})" if named else ""


def _content(options: argparse.Namespace) -> bytes:
    if options.url:
        return _asked(f"{options.url.rstrip('/')}/status/evidence")
    if options.file:
        content: bytes = options.file.read_bytes()
        return content
    stored = FolderBlobStore(options.archive.resolve() / FILES).get(DERIVED, EVIDENCE)
    if not stored:
        raise FileNotFoundError(f"no run has left any in {options.archive}")
    return stored.content


def _asked(url: str) -> bytes:
    """Return what an app answers. Raise OSError without the key."""
    try:
        answer = requests.get(url, headers={"x-functions-key": os.environ.get(KEY, "")}, timeout=60)
    except requests.RequestException as error:
        raise OSError(f"{url} does not answer ({type(error).__name__})") from None
    if answer.status_code == 401:
        wrong = "holds no key" if KEY in os.environ else "is not set: it takes a key"
        raise OSError(f"{KEY} {wrong} of the function status")
    if answer.status_code != 200:
        raise OSError(f"{url} answers {answer.status_code}")
    return answer.content
