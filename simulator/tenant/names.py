"""The names of members. No other module makes the name of a person."""

from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from unicodedata import normalize

from simulator.tenant.services import FOUNDED

_BETWEEN_RENAMES = 12_000
"""Days: of a hundred people three take another name in a year."""
DOMAIN = "contoso.com"
SHAREPOINT = "https://contoso.sharepoint.com"

_FIRST = (
    *("Adele", "Alex", "Amara", "Bianca", "Chidi", "Diego", "Emily", "Grady", "Henrietta", "Ines"),
    *("Isaiah", "Jörg", "Joni", "Kenji", "Lee", "Lidia", "Lynne", "Megan", "Miriam", "Nestor"),
    *("Noor", "Olaf", "Patti", "Pradeep", "Quentin", "Raul", "Siobhán", "Tomáš", "Uma", "Wei"),
)
_LAST = (
    *("Vance", "Wilber", "Okafor", "Rossi", "Anagonye", "Siciliani", "Braun", "García", "Mueller", "Sato"),
    *("O'Neil", "Holloway", "Robbins", "Bowen", "Graham", "Wilke", "Nguyen", "Haddad", "Lindqvist", "Fernandez"),
    *("Gupta", "Baker", "Moran", "Novák", "Patel", "Zhang", "Kowalski", "Silva", "Dubois", "Andersen"),
)
_TOPIC = (
    *("Atlas", "Budget", "Campus", "Delivery", "Events", "Finance"),
    *("Germany", "Hiring", "Intranet", "Legal", "Marketing", "Research"),
)


def _mailable(name: str) -> str:
    return normalize("NFKD", name.lower()).encode("ascii", "ignore").decode().replace("'", "")


_FIRST_MAIL, _LAST_MAIL = tuple(map(_mailable, _FIRST)), tuple(map(_mailable, _LAST))


class UserName(NamedTuple):
    """The names of one person as reports give them."""

    principal: str
    display: str


@lru_cache(maxsize=65536)  # of those who are in many reports of many days
def guid(*key: object) -> str:
    """Return a GUID, the same for the same key."""
    text = blake2b(repr(key).encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def renamed_on(seed: int, number: int) -> int:
    """Return the day from which on a person has another family name and address."""
    return FOUNDED + (number * 2246822519 + seed * 97) % _BETWEEN_RENAMES


def user(seed: int, number: int, day: int = 0) -> UserName:
    """Return the names of the person with that number on a day; some display names contain commas or quotes."""
    renamed, before, after = _users(seed, number)
    return after if day >= renamed else before


@lru_cache(maxsize=65536)
def _users(seed: int, number: int) -> tuple[int, UserName, UserName]:
    """Return the day on which a person is renamed, and the names before and after."""
    return renamed_on(seed, number), _user(seed, number, is_renamed=False), _user(seed, number, is_renamed=True)


def _user(seed: int, number: int, *, is_renamed: bool) -> UserName:
    mixed = (number * 2654435761 + seed * 40503) >> 4
    given, family = mixed % 30, (mixed // 30 + 7 * is_renamed) % 30
    first, last = _FIRST[given], _LAST[family]
    if number % 17 == 5:
        display = f"{last}, {first}"
    elif number % 53 == 7:
        display = f'{first} "{first[:3]}" {last}'
    else:
        display = f"{first} {last}"
    principal = f"{_FIRST_MAIL[given]}.{_LAST_MAIL[family]}{number}@{DOMAIN}"
    return UserName(principal, display)


def title(seed: int, number: int) -> str:
    """Return the name of a group, team or community, unique by its number; some contain a comma."""
    topic = _TOPIC[(number * 7 + seed) % 12]
    return f"{topic}, Region {number}" if number % 9 == 4 else f"{topic} {number}"


def site_url(number: int) -> str:
    """Return the URL of a SharePoint site."""
    return f"{SHAREPOINT}/sites/{_TOPIC[number % 12].lower()}{number}"


@lru_cache(maxsize=65536)
def drive_url(principal: str) -> str:
    """Return the URL of a person's OneDrive."""
    return f"{SHAREPOINT.replace('.', '-my.', 1)}/personal/{principal.replace('.', '_').replace('@', '_')}"
