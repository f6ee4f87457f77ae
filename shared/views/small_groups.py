"""Which counts of people are told to those who may not know about a person. Pure.

Nothing is told of fewer people than a number that is set, and nothing from which that could be worked out: what is told
apart has enough people on both sides, and so has all that is not told, put together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

OTHER = "(other)"
"""The row of all that are too few to stand alone."""
_PRIME = (1 << 61) - 1


class Split(NamedTuple):
    """The holders of a product by what can be said of them."""

    active_30: int = 0
    active_90: int = 0
    active_180: int = 0
    idle: int = 0
    """These three for 90 days: who is not active is one of them."""
    new: int = 0
    unknown: int = 0

    @property
    def others(self) -> int:
        """All who are not active within 90 days."""
        return self.idle + self.new + self.unknown


Cell = tuple[str, ...]
"""What people have in common: department, country, company, and more behind it."""


class Group(NamedTuple):
    """People who have something in common."""

    licensed: int = 0
    active: int = 0


class Tables(NamedTuple):
    """What is told by department, country and company."""

    told: Mapping[str, Mapping[str, Group]]
    """By dimension and name of the group."""
    published: Sequence[Collection[Cell]]
    """The cells of each row."""
    small: Sequence[Collection[Cell]]
    """Those of each group that is too small."""


def told_of_products(
    splits: Mapping[str, Split], holders: Mapping[str, Collection[Cell]], tables: Tables, least: int
) -> dict[str, dict[str, int]]:
    """Return for each product the counts that are told, by their names.

    `holders` are the cells whose activity a product's is the sum of. A product whose numbers would say, together with
    the others and the tables, how many of a small group are active is told of no more than the small ones.
    """
    sizes = {sku: split.active_90 + split.others for sku, split in splits.items()}
    told = {sku for sku, split in splits.items() if min(split.active_90, split.others) >= least}
    nobody = {sku for sku, size in sizes.items() if not size}
    small = [*tables.small, *(holders[sku] for sku in splits if sku not in told | nobody)]
    while told:
        if not _is_any_solved([*tables.published, *(holders[sku] for sku in told)], small):
            break
        told.remove(min(told, key=lambda sku: (sizes[sku], sku)))
    return {sku: _counts(split, least) if sku in told | nobody else {} for sku, split in splits.items()}


def _counts(split: Split, least: int) -> dict[str, int]:
    """Return the counts of a product of which who is active and who is not are enough, or of one that nobody has."""
    total = split.active_90 + split.others
    counts = {"active_90": split.active_90}
    if all(count == 0 or count >= least for count in (split.idle, split.new, split.unknown)):
        counts |= {"idle": split.idle, "new": split.new}
    if total == 0 or min(split.active_30, split.active_90 - split.active_30) >= least:
        counts["active_30"] = split.active_30
    if total == 0 or min(split.active_180 - split.active_90, total - split.active_180) >= least:
        counts["active_180"] = split.active_180
    return counts


def told_of_groups(
    cells: Mapping[Cell, Group], dimensions: Sequence[str], least: int, *, is_blind: bool = False
) -> Tables:
    """Return the groups that are told; small ones are together in `(other)`.

    A table is made coarser until none of its rows, nor all tables together, say of a small group how many are active.
    """

    def is_good(group: Group) -> bool:
        return min(group.licensed if is_blind else group.active, group.licensed - group.active) >= least

    tables = [_members(cells, place) for place, _ in enumerate(dimensions)]
    small = [row for table in tables for row in table.values() if not is_good(_sum(cells, row))]
    told: dict[str, dict[str, Group]] = {}
    published: list[Collection[Cell]] = []
    for dimension, table in zip(dimensions, tables, strict=True):
        for rows in _coarser(table, cells, is_good):
            known = [*published, *rows.values()]
            if not _is_any_solved(known, small):
                break
        published = known
        told[dimension] = {name: _sum(cells, rows[name]) for name in rows}
    return Tables(told, published, small)


def _members(cells: Iterable[Cell], place: int) -> dict[str, list[Cell]]:
    """Return the cells of each group of a dimension, by its name."""
    members: dict[str, list[Cell]] = {}
    for cell in sorted(cells):
        members.setdefault(cell[place], []).append(cell)
    return dict(sorted(members.items()))


def _coarser(
    rows: Mapping[str, list[Cell]], cells: Mapping[Cell, Group], is_good: Callable[[Group], bool]
) -> Iterator[dict[str, list[Cell]]]:
    """Yield the rows of a table that are large enough, with ever more of them in `(other)`; at last there are none."""
    hidden = [name for name in rows if not is_good(_sum(cells, rows[name]))]
    while True:
        other = [cell for name in hidden for cell in rows[name]]
        shown = {name: rows[name] for name in rows if name not in hidden}
        if not hidden or is_good(_sum(cells, other)):
            yield shown | ({OTHER: other} if other else {})
        if not shown:
            break
        hidden.append(min(shown, key=lambda name: _sum(cells, shown[name])))
    yield {}


def _sum(cells: Mapping[Cell, Group], some: Iterable[Cell]) -> Group:
    groups = [cells[cell] for cell in some]
    return Group(sum(each.licensed for each in groups), sum(each.active for each in groups))


def _is_any_solved(known: Iterable[Collection[Cell]], wanted: Iterable[Collection[Cell]]) -> bool:
    """Whether the sum over some of the wanted cells follows from sums over the known ones, whatever they are."""
    basis: dict[Cell, dict[Cell, int]] = {}
    for each in known:
        if row := _reduced(dict.fromkeys(each, 1), basis):
            lead = min(row)
            inverse = pow(row[lead], -1, _PRIME)
            basis[lead] = {cell: factor * inverse % _PRIME for cell, factor in row.items()}
    return any(not _reduced(dict.fromkeys(each, 1), basis) for each in wanted)


def _reduced(row: dict[Cell, int], basis: Mapping[Cell, Mapping[Cell, int]]) -> dict[Cell, int]:
    """Return what is left of a row when those of the basis, each with its first cell, are taken away from it."""
    waiting = sorted(row.keys() & basis.keys())
    while waiting:
        lead = waiting[0]
        factor = row[lead]
        for cell, other in basis[lead].items():
            row[cell] = (row.get(cell, 0) - factor * other) % _PRIME
        row = {cell: left for cell, left in row.items() if left}
        waiting = sorted(row.keys() & basis.keys())
    return row
