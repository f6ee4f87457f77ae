"""Faults put into a copy of files, each of which has to break the rule (a test function) that it is seeded against."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest


class Fault(NamedTuple):
    """What stands in a file, and what is put in its place."""

    file: str
    old: str
    new: str


def read_faults(path: Path, folders: Mapping[str, str] = {}) -> dict[str, list[Fault]]:
    """Return the faults against each rule from a TOML file; a name in `folders` stands for the start of a path."""
    rules = tomllib.loads(path.read_text("utf-8"))
    return {
        rule: [Fault(re.sub(r"^[A-Z]+(?=/|$)", lambda name: folders[name[0]], file), *texts) for file, *texts in faults]
        for rule, faults in rules.items()
    }


def parameters(faults: Mapping[str, Sequence[Fault]]) -> list[object]:
    """Return a case for each fault: its rule, and the fault."""
    return [
        pytest.param(rule, fault, id=f"{rule}-{number}")
        for rule, each in faults.items()
        for number, fault in enumerate(each)
    ]


@contextmanager
def seeded(fault: Fault, folder: Path) -> Iterator[None]:
    """Have the fault in the folder for a while."""
    file = folder / fault.file
    text = file.read_text("utf-8")
    assert fault.old in text
    file.write_text(text.replace(fault.old, fault.new, 1), "utf-8")
    yield
    file.write_text(text, "utf-8")


def rules(module: ModuleType) -> dict[str, Callable[..., object]]:
    """Return the tests of a module, by their names."""
    return {name.removeprefix("test_"): value for name, value in vars(module).items() if name.startswith("test_")}


def is_broken(rule: Callable[[Any], object], subject: object) -> bool:
    """Whether the rule does not hold for the subject."""
    try:
        rule(subject)
    except (Exception, pytest.fail.Exception):
        return True
    return False
