"""The pages for people, taken apart: headings, links, code."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(page for folder in ("docs", "infra", "powerbi", "simulator") for page in sorted((ROOT / folder).glob("*.md"))),
]

_FENCED = re.compile(r"^( *)```([\w-]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4,}\S.*\n(?: *\n(?= {4}))*)+")
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"!?\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)|<(https?:[^\s<>]+)>")
_ENDS = frozenset("();|&<>")


class Block(NamedTuple):
    """A block of code."""

    language: str
    """Empty if the page does not say."""
    code: str


class Page(NamedTuple):
    """One page."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def blocks(self) -> list[Block]:
        return [block for _, block in self.placed_blocks()]

    def placed_blocks(self) -> list[tuple[re.Match[str], Block]]:
        """Return the blocks with their places, the fenced ones first."""
        fenced = [(found, Block(found[2], found[3])) for found in _FENCED.finditer(self.text)]
        blank = _FENCED.sub(lambda found: re.sub("[^\n]", ".", found[0]), self.text)  # of the same length
        return fenced + [(found, Block("", found[0])) for found in _INDENTED.finditer(blank)]

    @property
    def prose(self) -> str:
        """Without the blocks."""
        return _INDENTED.sub("", _FENCED.sub("", self.text))

    @property
    def spans(self) -> list[str]:
        """What stands in backticks in the prose."""
        return [" ".join(found[2].split()) for found in _SPAN.finditer(self.prose)]

    @property
    def links(self) -> list[str]:
        """Where they lead."""
        return [found[2] or found[3] for found in _LINK.finditer(_SPAN.sub("code", self.prose))]

    @property
    def anchors(self) -> set[str]:
        """Of the headings, as GitHub makes them."""
        made: list[str] = []
        for title in re.findall(r"^#+ (.+)$", _FENCED.sub("", self.text), re.MULTILINE):
            shown = _LINK.sub(lambda link: link[1] or "", title)
            anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
            number = made.count(anchor)
            made += [anchor] if not number else [anchor, f"{anchor}-{number}"]
        return set(made)

    def section(self, title: str) -> str:
        """What stands below a heading, up to the next one."""
        found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#{{1,6}} |\Z)", self.text, re.MULTILINE | re.DOTALL)
        assert found, f"{self.name} has no section {title}"
        return found[1]

    def first_cells(self, title: str) -> list[str]:
        """Of the rows of all tables in that section, but for heads."""
        cells: list[str] = []
        for row in re.findall(r"^\|(.*)$", self.section(title), re.MULTILINE):
            cell = re.split(r"(?<!\\)\|", row)[0].strip()
            if cell and set(cell) <= set(":-"):
                cells.pop()  # the head stands above such a line
            else:
                cells.append(cell)
        return cells

    def commands(self) -> Iterator[list[str]]:
        """Every command of the blocks and, if it has more than its name, of the spans; each as its words."""
        for block in self.blocks:
            if block.language in ("", "sh"):
                yield from self.commands_of(block)
        for span in self.spans:
            if " " in span:
                yield from _commands(span)

    def commands_of(self, block: Block) -> Iterator[list[str]]:
        """Every command of a block."""
        for line in re.sub(r"\\\n\s*", "", block.code).splitlines():
            # What stands apart at the end of a line is a remark.
            yield from _commands(line.strip().removeprefix("$ ").partition("   ")[0])


@functools.cache
def pages() -> dict[str, Page]:
    """All of them, by name."""
    read = [Page(path, path.read_text("utf-8")) for path in PAGES]
    return {page.name: page for page in read}


def words(text: str) -> list[str]:
    """What stands in backticks in a cell of a table."""
    return [found[2] for found in _SPAN.finditer(text)]


def _commands(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    command: list[str] = []
    try:
        for word in lexer:
            if set(word) <= _ENDS or word == "do":
                yield command
                command = []
            else:
                command.append(word)
    except ValueError:  # an apostrophe, in what is no command
        return
    yield command
