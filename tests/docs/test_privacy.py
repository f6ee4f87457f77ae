"""The page for the data protection officer leaves out no place, no key and no report."""

from __future__ import annotations

import re

from shared.archive.layout import CONTAINERS, INPUT
from tests.docs.pages import ROOT, pages, words

PAGE = pages()["docs/privacy.md"]


def test_every_container_has_its_row_and_no_other_has() -> None:
    rows = [word for cell in PAGE.first_cells("Where it lies, and for how long") for word in words(cell)]
    assert sorted(rows) == sorted([*CONTAINERS, INPUT])


def test_every_function_that_wants_a_key_is_among_those_who_read() -> None:
    code = (ROOT / "function_app.py").read_text("utf-8")
    routes = re.findall(r"@app\.route\((.*?)\)\n(?:@.*\n)*def (\w+)\(", code)
    keyed = {name for options, name in routes if "ANONYMOUS" not in options}
    assert {"reports", "pseudonymous_reports", "personal_reports"} < keyed
    told = {word for cell in PAGE.first_cells("Who can read it") for word in words(cell)}
    assert keyed == told


def test_it_is_found_from_the_first_page() -> None:
    assert "docs/privacy.md" in pages()["README.md"].links
