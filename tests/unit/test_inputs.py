"""`prices.csv` and `people.csv`: what is read, and what is refused in which line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from local.in_memory import InMemoryBlobStore
from shared.archive.layout import INPUT
from shared.domain.errors import BadInput
from shared.domain.products import product
from shared.views.inputs import PEOPLE, PRICES, People, Price, Prices, read_people, read_prices, states

DAY = date(2026, 11, 21)
E5, SKU = product("SPE_E5"), "06ebc4ee-1bb5-47dd-8120-11324bc54e06"


def holding(name: str, content: str | bytes) -> InMemoryBlobStore:
    store = InMemoryBlobStore(clock=lambda: datetime(2026, 11, 21, tzinfo=UTC))
    store.put(INPUT, name, content.encode() if isinstance(content, str) else content, {})
    return store


def prices(content: str | bytes) -> Prices:
    return read_prices(holding(PRICES, content))


def people(content: str) -> People:
    return read_people(holding(PEOPLE, content))


def cost(content: str, day: date = DAY) -> str:
    price = prices(content).of(E5, SKU, day)
    return f"{price.amount} {price.currency}" if price else ""


@pytest.mark.parametrize("name", ["SPE_E5", "spe_e5", "Microsoft 365 E5", SKU, SKU.upper()])
def test_a_product_is_named_as_anybody_names_it(name: str) -> None:
    assert cost(f"product,price,currency,validFrom\n{name},57.00,EUR,\n") == "57.00 EUR"


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffProduct;Price;Currency;Valid From\r\nSPE_E5;57,00;eur;\r\n",
        "valid_from\tcurrency\tprice\tproduct\tremark\n\tEUR\t57.00\tSPE_E5\tby contract\n\n",
        'product,price,currency,validFrom\n"SPE_E5","57,00",EUR,2020-01-01\n',
    ],
    ids=["Excel in German", "tabs, further columns, a blank line", "quotes"],
)
def test_the_form_is_what_spreadsheets_write(content: str) -> None:
    assert cost(content) == "57.00 EUR"


def test_a_price_holds_from_its_day_on() -> None:
    content = "product,price,currency,validFrom\nSPE_E5,50,EUR,2026-01-01\nSPE_E5,57,USD,2026-11-21\n"
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 11, 20), DAY]
    assert [cost(content, day) for day in days] == ["", "50 EUR", "50 EUR", "57 USD"]
    assert [prices(content).currencies(day) for day in days] == [[], ["EUR"], ["EUR"], ["USD"]]


@pytest.mark.parametrize("other", ["Microsoft 365 E5", SKU])
def test_a_product_under_two_names_is_one(other: str) -> None:
    content = f"product,price,currency,validFrom\nSPE_E5,50,EUR,\n{other},57,EUR,2026-11-21\n"
    assert cost(content) == "57 EUR"
    with pytest.raises(BadInput, match="two prices"):
        prices(content.replace("2026-11-21", ""))


def test_what_no_table_knows_has_the_price_of_its_part_number_or_id() -> None:
    content = "product,price,currency,validFrom\nNEW_PRODUCT,1,EUR,\n42,2,EUR,\n"
    known = [prices(content).of(product(part), "42", DAY) for part in ("new_product", "OTHER")]
    assert known == [Price(Decimal(1), "EUR"), Price(Decimal(2), "EUR")]


@pytest.mark.parametrize(
    ("content", "line", "wants"),
    [
        ("product,price,currency\nSPE_E5,57,EUR\n", 1, "the columns"),
        ("product,price,currency,validFrom\nSPE_E5,57,EUR\n", 2, "as many cells"),
        ("product,price,currency,validFrom\n\nSPE_E5,1.057,00,EUR,\n", 3, "as many cells"),
        ("product,price,currency,validFrom\nSPE_E5,-57,EUR,\n", 2, "a price such as"),
        ("product,price,currency,validFrom\nSPE_E5,57,Euro,\n", 2, "a currency"),
        ("product,price,currency,validFrom\nSPE_E5,57,EUR,21.11.2026\n", 2, "YYYY-MM-DD"),
        ("product,price,currency,validFrom\nSPE_E5,57,EUR,\nspe_e5,58,EUR,\n", 3, "two prices"),
        ("product,price,currency,validFrom\nSPE_E5,57,EUR,\nSPE_E5,57,USD,\n", 3, "two prices"),
        ('product,price,currency,validFrom\n"SPE_E5,57,EUR,\n', 2, "quotes"),
        ("", 1, "a header"),
        ("product,price,currency,validFrom\nCafé,57,EUR,\n".encode("cp1252"), 1, "UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(content: str | bytes, line: int, wants: str) -> None:
    with pytest.raises(BadInput, match=wants) as error:
        prices(content)
    assert error.value.facts == {"file": PRICES, "line": line}


def test_the_same_price_twice_is_one() -> None:
    assert cost("product,price,currency,validFrom\nSPE_E5,57,EUR,\nSPE_E5,57.00,EUR,\n") == "57 EUR"


@pytest.mark.parametrize(("bom", "delimiter"), [("", ","), ("\ufeff", ";")], ids=["plain", "Excel in German"])
def test_people_are_found_by_address_or_id_and_strangers_have_nothing(bom: str, delimiter: str) -> None:
    content = "User Principal Name,Id,Cost Centre,Site\r\nAdele@contoso.com,,4711,Munich\r\n,42,4712,\r\n"
    known = people(bom + content.replace(",", delimiter))
    assert known.columns == ("Cost Centre", "Site")
    assert known.of("1", "adele@contoso.com") == ("4711", "Munich")
    assert known.of("42", "somebody@contoso.com") == ("4712", "")
    assert known.of("1", "nobody@contoso.com") == ("", "")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("name,Cost Centre\nAdele,4711\n", 1),
        ("id,Cost Centre\nadele,4711\nADELE,4712\n", 3),
    ],
    ids=["no key", "somebody twice"],
)
def test_a_bad_list_of_people_names_none_of_them(content: str, line: int) -> None:
    with pytest.raises(BadInput) as error:
        people(content)
    assert error.value.facts["line"] == line
    assert "adele" not in str(error.value).lower()


def test_without_files_there_is_nothing_and_no_error() -> None:
    store = holding("other.csv", "x")
    assert read_prices(store).of(E5, SKU, DAY) is None
    assert read_people(store).of("1", "") == ()
    assert states(store) == {PRICES: "none", PEOPLE: "none"}


def test_each_file_is_told_for_itself() -> None:
    store = holding(PRICES, "price\n")
    store.put(INPUT, PEOPLE, b"id,Cost Centre\nadele,4711\n", {})
    assert states(store) == {
        PRICES: "prices.csv, line 1: it wants the columns product, price, currency, validfrom, once each.",
        PEOPLE: "good",
    }


def test_a_price_is_a_number_without_error() -> None:
    price = prices("product,price,currency,validFrom\nSPE_E5,0.1,EUR,\n").of(E5, SKU, DAY)
    assert isinstance(price, Price)
    assert price.amount * 3 == price.amount + price.amount * 2
