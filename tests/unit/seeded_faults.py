"""Faults put into a copy of files, each of which has to break the rule (a test function) that it is seeded against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest


class Fault(NamedTuple):
    """What stands in a file, and what is put in its place."""

    file: str
    old: str
    new: str


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


def rules(module: ModuleType) -> dict[str, Callable[..., None]]:
    """Return the tests of a module, by their names."""
    return {name.removeprefix("test_"): value for name, value in vars(module).items() if name.startswith("test_")}


def is_broken(rule: Callable[..., None], subject: object) -> bool:
    """Whether the rule does not hold for the subject, in any of its cases."""
    try:
        for case in _cases(rule):
            rule(subject, **case)
    except (Exception, pytest.fail.Exception):
        return True
    return False


def _cases(rule: Callable[..., None]) -> Iterator[dict[str, object]]:
    """Yield the arguments with which pytest would call it, beside the first."""
    marks = [mark for mark in getattr(rule, "pytestmark", []) if mark.name == "parametrize"]
    if not marks:
        yield {}
    for mark in marks:
        names, values = mark.args
        for value in (getattr(value, "values", value) for value in values):
            yield dict(zip([names] if isinstance(names, str) else names, value, strict=True))
