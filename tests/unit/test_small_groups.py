"""Small groups: an attacker who knows where everybody works tries to solve for a number that is withheld."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from shared.views.small_groups import OTHER, Cell, Group, Split, Tables, told_of_groups, told_of_products

LEAST = 5
DIMENSIONS = ("department", "country", "company")
Unknown = Cell


def solved(equations: Iterable[tuple[Mapping[Unknown, int], int]], wanted: Mapping[Unknown, int]) -> bool:
    """Whether the equations say how much the wanted sum is, by elimination over the rational numbers."""
    rows: list[dict[Unknown, Fraction]] = []
    for left, _ in equations:
        row = reduced({key: Fraction(factor) for key, factor in left.items()}, rows)
        if row:
            lead = next(iter(row))
            rows.append({lead: Fraction(1)} | {key: factor / row[lead] for key, factor in row.items() if key != lead})
    return not reduced({key: Fraction(factor) for key, factor in wanted.items()}, rows)


def reduced(row: dict[Unknown, Fraction], rows: list[dict[Unknown, Fraction]]) -> dict[Unknown, Fraction]:
    for each in rows:
        lead = next(iter(each))
        if factor := row.get(lead):
            row = {key: row.get(key, Fraction()) - factor * each.get(key, Fraction()) for key in {**row, **each}}
            row = {key: left for key, left in row.items() if left}
    return row


counts = st.one_of(st.integers(0, 3), st.integers(0, 40))
groups = st.builds(lambda active, idle: Group(active + idle, active), counts, counts).filter(lambda it: it.licensed > 0)
tenants = st.dictionaries(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from("XYZ"), st.sampled_from("12")), groups, min_size=1, max_size=14
)
HIDDEN_BY_ONE = {("A", "X", "1"): Group(40, 20), ("B", "X", "1"): Group(3, 1), ("B", "Y", "1"): Group(30, 15)}
HIDDEN_BY_ANOTHER_TABLE = {
    ("A", "X", "1"): Group(20, 10),
    ("B", "Y", "1"): Group(20, 10),
    ("C", "Z", "1"): Group(3, 1),
    ("D", "Z", "2"): Group(20, 10),
}


HIDDEN_BY_TWO_TABLES = {
    ("B", "X", "1"): Group(57, 23),
    ("B", "Y", "2"): Group(30, 29),
    ("D", "Y", "1"): Group(34, 5),
}


@example(HIDDEN_BY_ONE)
@example(HIDDEN_BY_TWO_TABLES)
@example(HIDDEN_BY_ANOTHER_TABLE)
@given(tenants)
def test_nobody_can_solve_for_the_activity_of_a_small_group(tenant: dict[Cell, Group]) -> None:
    told = told_of_groups(tenant, DIMENSIONS, LEAST).told
    equations: list[tuple[Mapping[Unknown, int], int]] = []
    withheld: list[Mapping[Unknown, int]] = []
    for place, dimension in enumerate(DIMENSIONS):
        names = {cell[place] for cell in tenant}
        shown = names & told[dimension].keys()
        for name, group in told[dimension].items():
            cells = [cell for cell in tenant if (cell[place] not in shown if name == OTHER else cell[place] == name)]
            assert group == (sum(tenant[cell][0] for cell in cells), sum(tenant[cell][1] for cell in cells))
            assert min(group.active, group.licensed - group.active) >= LEAST
            equations.append((dict.fromkeys(cells, 1), group.active))
        for name in names - shown:
            cells = [cell for cell in tenant if cell[place] == name]
            active, licensed = sum(tenant[cell].active for cell in cells), sum(tenant[cell].licensed for cell in cells)
            if min(active, licensed - active) < LEAST:
                withheld.append(dict.fromkeys(cells, 1))
    assert not any(solved(equations, each) for each in withheld)


def test_what_is_told_of_a_tenant_of_some_size_is_told_in_full() -> None:
    tenant: dict[Cell, Group] = {(name, "X", "1"): Group(20 + number, 10) for number, name in enumerate("ABC")}
    assert told_of_groups(tenant, DIMENSIONS, LEAST).told == {
        "department": {"A": (20, 10), "B": (21, 10), "C": (22, 10)},
        "country": {"X": (63, 30)},
        "company": {"1": (63, 30)},
    }


def test_the_small_are_together_and_take_a_large_one_with_them_if_they_are_still_too_few() -> None:
    tenant: dict[Cell, Group] = {
        ("A", "X", "1"): Group(20, 10),
        ("B", "X", "1"): Group(30, 15),
        ("C", "X", "1"): Group(3, 1),
    }
    assert told_of_groups(tenant, DIMENSIONS[:1], LEAST).told == {"department": {"B": (30, 15), OTHER: (23, 11)}}


def test_without_activity_only_who_is_licensed_is_counted() -> None:
    tenant: dict[Cell, Group] = {("A", "X", "1"): Group(20), ("B", "X", "1"): Group(4), ("C", "X", "1"): Group(2)}
    told = told_of_groups(tenant, DIMENSIONS[:1], LEAST, is_blind=True).told
    assert told == {"department": {"A": (20, 0), OTHER: (6, 0)}}


# -- products ----------------------------------------------------------------------------------------------------------

splits = st.builds(
    lambda within_30, within_90, within_180, rest, new, unknown: Split(
        active_30=within_30,
        active_90=within_30 + within_90,
        active_180=within_30 + within_90 + within_180,
        idle=within_180 + rest,
        new=new,
        unknown=unknown,
    ),
    *(counts for _ in range(6)),
)
products = st.dictionaries(st.sampled_from("PQRST"), splits, min_size=1)
ALONE = Tables({}, [], [])


@given(products)
def test_every_difference_of_what_is_told_of_a_product_is_of_enough_people(tenant: dict[str, Split]) -> None:
    holders = {sku: {(sku,)} for sku in tenant}
    for sku, told in told_of_products(tenant, holders, ALONE, LEAST).items():
        split = tenant[sku]
        total = split.active_90 + split.others
        assert told.items() <= split._asdict().items()
        if not total or not told:
            continue
        cuts = sorted({0, total, *(told[name] for name in ("active_30", "active_90", "active_180") if name in told)})
        assert "active_90" in told
        assert all(more - less >= LEAST for less, more in pairwise(cuts))
        if "idle" in told:
            rest = total - told["active_90"]
            assert all(count == 0 or count >= LEAST for count in (told["idle"], told["new"]))
            assert rest - told["idle"] - told["new"] in {0, *range(LEAST, rest + 1)}


holdings = st.dictionaries(
    st.tuples(st.sampled_from("AB"), st.sampled_from("XY"), st.just("1"), st.sampled_from(["P", "Q", "R", "PQ"])),
    st.tuples(counts, counts).filter(any),
    min_size=1,
    max_size=10,
)
ONE_PRODUCT_EACH = {("A", "X", "1", "P"): (30, 20), ("A", "X", "1", "Q"): (20, 2)}


@example(ONE_PRODUCT_EACH)
@given(holdings)
def test_licences_and_adoption_together_give_no_small_number_away(held: dict[Cell, tuple[int, int]]) -> None:
    """Who has two products is active by one of them, and nobody knows by which."""
    cells = {(*cell[:3], *cell[3]): Group(active + idle, active) for cell, (active, idle) in held.items()}
    holders: dict[str, set[Cell]] = {}
    splits: dict[str, Split] = {}
    for cell, (active, idle) in held.items():
        for sku in cell[3]:
            unknown = (*cell[:3], sku) if cell[3] == sku else (*cell[:3], *cell[3], sku)
            holders.setdefault(sku, set()).add(unknown)
            before = splits.get(sku, Split())
            splits[sku] = before._replace(active_90=before.active_90 + active, idle=before.idle + idle)
    tables = told_of_groups(cells, DIMENSIONS, LEAST)
    told = told_of_products(splits, holders, tables, LEAST)
    known = [*tables.published, *(holders[sku] for sku in told if told[sku])]
    hidden = [holders[sku] for sku in told if min(splits[sku].active_90, splits[sku].others) < LEAST]
    equations = [(dict.fromkeys(each, 1), 0) for each in known]
    assert not any(solved(equations, dict.fromkeys(each, 1)) for each in [*hidden, *tables.small])


def test_a_product_takes_no_other_with_it_that_gives_nothing_away() -> None:
    splits = {"P": Split(active_90=20, idle=10), "Q": Split(active_90=2, idle=20)}
    told = told_of_products(splits, {"P": {("P",)}, "Q": {("Q",)}}, ALONE, LEAST)
    assert told == {"P": {"active_90": 20, "idle": 10, "new": 0}, "Q": {}}


def test_a_product_that_nobody_has_is_told_in_full() -> None:
    nothing = {"active_30": 0, "active_90": 0, "active_180": 0, "idle": 0, "new": 0}
    assert told_of_products({"P": Split()}, {"P": ()}, ALONE, LEAST) == {"P": nothing}
