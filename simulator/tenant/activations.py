"""Rows of the three activation reports: on how many devices people have activated the desktop apps."""

from collections.abc import Iterator, Sequence
from itertools import compress
from operator import mul

from simulator.tenant import activity, columns
from simulator.tenant.activity import KINDS, Vector
from simulator.tenant.columns import Column
from simulator.tenant.measures import Scope, of_kind
from simulator.tenant.tenant import Population

PRODUCTS = {"MICROSOFT 365 APPS FOR ENTERPRISE": 1.0, "PROJECT CLIENT": 0.15, "VISIO CLIENT": 0.2}
"""Product Type -> share of the licensed people who have it."""
DEVICES = {"Windows": 5, "Mac": 2, "iOS": 3, "Android": 2, "Windows 10 Mobile": 0}
"""Column -> how likely a device is, 0 to 10."""


def owners(scope: Scope, product: str) -> Vector:
    """Return 1 for the kinds that the product is assigned to."""
    licensed = activity.licensed(scope.seed, scope.service, scope.day)
    chances = activity.trait(scope.seed, product)
    return [has if chance < PRODUCTS[product] * 256 else 0 for has, chance in zip(licensed, chances, strict=True)]


def numbers(scope: Scope, product: str) -> dict[str, Vector]:
    """Return count column -> number per kind: activations (0 to 2 per sort of device), or 1 for being in a state."""
    devices: dict[str, Vector] = {
        device: [(lot % 10 < likely) + (lot % 10 * 3 < likely) for lot in activity.trait(scope.seed, product, device)]
        for device, likely in DEVICES.items()
    }
    shared = [int(chance < 12) for chance in activity.trait(scope.seed, product, "shared")]
    activated = [int(any(counts)) for counts in zip(*devices.values(), strict=True)]
    return {**devices, "Assigned": [1] * KINDS, "Activated": activated, "Shared Computer Activation": shared}


def detail(header: Sequence[str], population: Population, scope: Scope, missing: int) -> Iterator[Sequence[str]]:
    """Yield a row per person and product."""
    owner = [owners(scope, product) for product in PRODUCTS]
    rules = [_columns(header, scope, product) for product in PRODUCTS]
    for some in columns.in_blocks(population.members(scope.day, missing)):
        rows = [columns.rows(some, of_product) for of_product in rules]
        for member, *of_member in zip(some, *rows, strict=True):
            yield from compress(of_member, (owns[member.kind] for owns in owner))


def _columns(header: Sequence[str], scope: Scope, product: str) -> list[Column]:
    numbers_of = numbers(scope, product)
    (since,) = columns.columns(["Last Activation Date"], scope)
    has_activated, shares = of_kind(numbers_of["Activated"]), of_kind(numbers_of["Shared Computer Activation"])
    own: dict[str, Column] = {
        "Product Type": columns.constant(product),
        "Last Activated Date": lambda members: [
            day if number else "" for day, number in zip(since(members), has_activated(members), strict=True)
        ],
        "Activated On Shared Computer": columns.either(shares, "True", "False"),
        **{device: columns.texts(of_kind(numbers_of[device])) for device in DEVICES},
    }
    return [own.get(column, rule) for column, rule in zip(header, columns.columns(header, scope), strict=True)]


def by_product(header: Sequence[str], population: Population, scope: Scope, missing: int) -> Iterator[list[str]]:
    """Yield a row per product: activations by device, or people by state."""
    sample = population.sample(scope.day, missing)
    sizes = [*sample.alike]
    for member in sample.others:
        sizes[member.kind] += 1
    for product in PRODUCTS:
        owner, of_kind = owners(scope, product), numbers(scope, product)
        own = {"Report Refresh Date": columns.iso(scope.day), "Product Type": product}
        yield [
            own[column] if column in own else str(sum(map(mul, map(mul, sizes, owner), of_kind[column])))
            for column in header
        ]
