"""How a body differs from the newest snapshot before it, in ways that a reader of the numbers should know of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from shared.archive.snapshot import SnapshotMetadata
    from shared.report.validator import Body

SHRUNK_TO = 0.7
"""A body with fewer rows than this share of the one before is fetched a second time before it is believed."""
FEW = 100
"""Rows of another day that chance alone can halve: those of a small tenant on a Sunday."""
_TOLD = {"named", "concealed", "mixed"}


class Columns(NamedTuple):
    """What happened to the columns."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    """Each from, to: the one went and the other came in its place."""
    moved: tuple[str, ...] = ()
    blanked: tuple[str, ...] = ()
    """They had values, and now no row has."""


def columns(before: SnapshotMetadata, body: Body, *, of_another_day: bool = False) -> Columns:
    """Return what happened to the columns since the snapshot before; nothing if its columns are not known.

    Blank columns are not compared with those of another day, on which other people did something.
    """
    if not before.columns:
        return Columns()
    old, new = list(before.columns), body.header
    removed = [name for name in old if name not in new]
    added = [name for name in new if name not in old]
    renamed = [
        (gone, new[place])
        for gone in removed
        if (place := old.index(gone)) < len(new) and new[place] in added and len(old) == len(new)
    ]
    stayed = [name for name in old if name in new]
    return Columns(
        added=_without(added, [name for _, name in renamed]),
        removed=_without(removed, [name for name, _ in renamed]),
        renamed=tuple(renamed),
        moved=tuple(a for a, b in zip(stayed, [name for name in new if name in old], strict=True) if a != b),
        blanked=tuple(name for name in body.blank if name in old and name not in before.blank and not of_another_day),
    )


def names_changed(before: str, now: str) -> bool:
    """Whether names were concealed, or shown again: rows on either side cannot be joined by name.

    What `none`, or a word that only a newer version of the app knows, tells of names is nothing.
    """
    return before != now and {before, now} <= _TOLD


def shrunk(before: SnapshotMetadata, body: Body, *, of_another_day: bool = False) -> bool:
    """Whether so many rows are missing that the body may not be whole.

    A single day has a row for whoever did something on it, so two days are compared only if there are many rows.
    """
    return body.rows < SHRUNK_TO * before.rows and not (of_another_day and before.rows < FEW)


def _without(names: Sequence[str], left_out: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in left_out)
