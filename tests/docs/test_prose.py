"""The pages read as an editor would have them, and the reader of `docs/prose.py` sees what it is made for."""

from __future__ import annotations

import pytest

from docs import prose


def test_the_pages_have_nothing_that_an_editor_would_mark(capsys: pytest.CaptureFixture[str]) -> None:
    assert (prose.main(), capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\nIt could not be had.\n", ["be had"]),
        ("\nIt is kept for ever.\n", ["for ever"]),
        ("\nRead `for ever` and\n\n    what is had by lot\n\n```sh\nfor want of\n```\n", []),
    ],
    ids=["a word of the list", "a finding of proselint", "code"],
)
def test_what_is_found_on_a_page(text: str, found: list[str]) -> None:
    assert [each.text for each in prose.read("page.md", text)] == found


def test_each_exception_is_needed() -> None:
    text = "".join(page.read_text("utf-8").lower() for page in prose.PAGES)
    assert [phrase for phrase in prose.ALLOWED if phrase not in text] == []
