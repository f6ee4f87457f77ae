"""Reads the pages for people as an editor would: `python -m docs.prose` prints what proselint and a word list find.

What stands in code, in tables of figures and in quotes is not looked at. A finding that is wrong here is a word of
`ALLOWED`; a phrase that readers stumbled over is one of `WORDS`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from proselint.checks import __register__
from proselint.config import DEFAULT, Config
from proselint.registry import CheckRegistry
from proselint.tools import LintFile

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(Path(__file__).parent.glob("*.md"))]
WORDS = {
    r"(?:is|are|was|were|be|been) had": "there, or available",
    r"for want of": "because there is no",
    r"by lot": "at random",
    r"of which nothing": "without anything",
    r"Honestly": "nothing in its place",
    r"needs no hand": "needs no action",
    r"is another thing": "is something else",
    r"be told from": "be distinguished from",
    r"reads alone": "is read-only",
    r"have not the": "do not have the, or differ from the",
    r"(?:of|for|with|to) whom": "who",
    r"thereby|therein|thereof|whereof|hereby": "a plain word",
}
"""What to write instead of a phrase, a regular expression that letter case does not matter to."""
ALLOWED = {
    "organise": "this is our spelling; columns of Microsoft have the other",
    "organised": "likewise",
    "least possible": "of requests: there is such a number",
}
"""Why a finding of proselint is wrong on these pages, by the text that it is about."""
CHECKS: Config = {**DEFAULT, "checks": {**DEFAULT["checks"], "typography": False, "dates_times": False}}
"""Straight quotes are what keyboards and code have, and numbers in tables are no dates."""
_CODE = re.compile(
    r"^```[\s\S]*?^```$|(?<=\n\n)(?: {4,}\S.*\n(?: *\n(?= {4}))*)+|(?<!`)(`+)(?!`)[\s\S]+?(?<!`)\1(?!`)|\]\([^)]*\)",
    re.MULTILINE,
)


class Found(NamedTuple):
    """What an editor would mark."""

    place: str
    text: str
    advice: str


@cache
def _know_all_checks() -> None:
    """Without this proselint finds nothing; with it twice, all twice."""
    CheckRegistry().register_many(__register__)


def read(name: str, text: str) -> Iterator[Found]:
    """Yield what is to be said of a page."""
    _know_all_checks()
    prose = _CODE.sub(lambda code: re.sub(r"[^\n]", "_", code[0]), text)
    for pattern, better in WORDS.items():
        for match in re.finditer(rf"\b(?:{pattern})\b", prose, re.IGNORECASE):
            line = prose.count("\n", 0, match.start()) + 1
            yield Found(f"{name}:{line}", match[0], f"write {better}")
    for result, (line, _) in LintFile(name, prose).lint(CHECKS):
        start, end = result.span
        about = " ".join(f"\n{prose}\n"[start:end].split())
        if "_" not in about and about.lower() not in ALLOWED:
            yield Found(f"{name}:{line}", about, f"{result.check_path}: {result.message}")


def main() -> int:
    """Print what is found. Return the exit status."""
    found = [each for page in PAGES for each in read(page.relative_to(ROOT).as_posix(), page.read_text("utf-8"))]
    for place, text, advice in found:
        print(f"{place}: {text!r}: {advice}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
