"""Every link leads somewhere."""

import re
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import ROOT, pages

every_page = pytest.mark.parametrize("name", pages())


@every_page
def test_every_link_to_a_file_and_a_heading_leads_there(name: str) -> None:
    page = pages()[name]
    for link in page.links:
        if ":" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        assert target.exists(), link
        if anchor:
            there = pages()[target.relative_to(ROOT).as_posix()]
            assert anchor in there.anchors, f"{link}: {there.name} has no such heading"


@every_page
def test_every_other_link_is_a_whole_https_url(name: str) -> None:
    for link in pages()[name].links:
        if ":" in link:
            parts = urlsplit(link)
            assert parts.scheme == "https", link
            assert "." in (parts.hostname or ""), link


def test_the_readme_leads_to_every_page() -> None:
    readme = pages()["README.md"]
    assert {link for link in readme.links if link.endswith(".md")} >= {name for name in pages() if "docs/" in name}


def test_the_readme_says_what_is_so_and_leads_once_to_what_was_tried() -> None:
    readme = pages()["README.md"]
    assert not re.findall(r"not (?:verified|tried|run)|not been", readme.text)
    assert readme.links.count("docs/tried.md") == 1


def test_no_page_has_a_gap_where_the_address_of_this_repository_belongs() -> None:
    """Nobody knows it here: commands begin in the folder that the reader has."""
    assert not [name for name, page in pages().items() if re.search(r"github\.com/[A-Z]+/", page.text)]


def test_the_readme_is_short() -> None:
    assert len(pages()["README.md"].text.splitlines()) <= 250
