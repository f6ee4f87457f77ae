"""Size of what is deployed, next to the SDKs that it needs, with all that they need in turn and without bytecode."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pathspec

from bench.measure import Row, Scale, held
from local.setup import ROOT

SDKS = ("azure-functions", "azure-identity", "azure-storage-blob", "requests")
_REQUIREMENT = re.compile(r"[\w.-]+")
_MB = 1 << 20


def rows(scale: Scale) -> list[Row]:
    """Of the packages as they are installed here."""
    listed = [
        match[0] for line in (ROOT / "requirements.in").read_text().splitlines() if (match := _REQUIREMENT.match(line))
    ]
    sdks = _installed(SDKS)
    app = sum(path.stat().st_size for path in _deployed()) + _installed(listed)
    return [held("size of the deployed package", app / _MB, "four SDKs", sdks / _MB, "MB", 2.5)]


def _deployed() -> Iterable[Path]:
    ignored = pathspec.PathSpec.from_lines("gitwildmatch", (ROOT / ".funcignore").read_text().splitlines())
    return (ROOT / name for name in ignored.match_tree(ROOT, negate=True))


def _installed(names: Iterable[str]) -> int:
    """Bytes of those packages and of all that they need."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        package = distribution(waiting.pop())
        if package.metadata["Name"] not in found:
            found[package.metadata["Name"]] = package
            waiting += [match[0] for each in package.requires or () if (match := _needed(each))]
    files = (package.locate_file(file) for package in found.values() for file in package.files or ())
    return sum(
        Path(str(file)).stat().st_size for file in files if "__pycache__" not in str(file) and Path(str(file)).exists()
    )


def _needed(requirement: str) -> re.Match[str] | None:
    """The name, unless it is for an extra, or for another system or Python."""
    name, _, marker = requirement.partition(";")
    return None if re.search("extra|win32|Windows|python_version *<", marker) else _REQUIREMENT.match(name)
