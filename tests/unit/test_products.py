"""The products: their names, and the services that judge them."""

import json
from pathlib import Path

import pytest

from shared.domain import products
from shared.domain.products import product

TABLE = json.loads(Path(products.__file__).with_name("products.json").read_text("utf-8"))
SUITE = ("Exchange", "OneDrive", "SharePoint", "Teams", "Yammer")


@pytest.mark.parametrize(
    ("part_number", "name", "services"),
    [
        ("SPE_E5", "Microsoft 365 E5", (*SUITE, "Apps")),
        ("spe_f1", "Microsoft 365 F3", SUITE),
        ("Microsoft_365_Copilot", "Microsoft Copilot for Microsoft 365", ("Copilot",)),
        ("EXCHANGESTANDARD", "Exchange Online (Plan 1)", ("Exchange",)),
    ],
)
def test_a_product_is_judged_by_what_it_pays_for(part_number: str, name: str, services: tuple[str, ...]) -> None:
    assert product(part_number)[1:] == (name, services)


@pytest.mark.parametrize("part_number", ["POWER_BI_PRO", "PROJECTPROFESSIONAL", "VISIOCLIENT", "EMSPREMIUM", "MCOEV"])
def test_a_service_that_stands_beside_a_product_does_not_judge_it(part_number: str) -> None:
    assert product(part_number).name != part_number
    assert product(part_number).services == ()


def test_an_unknown_part_number_is_shown_as_it_is() -> None:
    assert product("FABRIKAM_X") == ("FABRIKAM_X", "FABRIKAM_X", ())


def test_no_two_part_numbers_are_the_same_in_another_case_with_other_services() -> None:
    entries = TABLE["products"].items()
    assert len({(part.casefold(), services) for part, (_, services) in entries}) == len(
        {part.casefold() for part in TABLE["products"]}
    )
    assert {service for _, services in TABLE["products"].values() for service in services.split()} == {
        *SUITE,
        "Apps",
        "Copilot",
    }
