"""The pages of the report: which visual shows what, and where, on a canvas of 1280 by 720."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Field(NamedTuple):
    """A measure or a column of the model."""

    table: str
    name: str
    measure: bool = True

    @property
    def reference(self) -> str:
        return f"{self.table}.{self.name}"


class Visual(NamedTuple):
    """A visual with its fields by role; `text` is that of a text box, a heading and paragraphs."""

    title: str
    kind: str
    place: tuple[int, int, int, int]
    """Left, top, width, height."""
    fields: Mapping[str, tuple[Field, ...]] = {}
    text: tuple[str, ...] = ()
    sort: tuple[Field, str] | None = None
    """By what, and whether `Ascending` or `Descending`."""


class Page(NamedTuple):
    """A page."""

    name: str
    visuals: tuple[Visual, ...]


def _column(table: str, name: str) -> Field:
    return Field(table, name, measure=False)


_DATE, _MONTH, _SERVICE = _column("Date", "Date"), _column("Date", "Month"), _column("Service", "Service")


def _text(place: tuple[int, int, int, int], heading: str, *paragraphs: str) -> Visual:
    return Visual(heading, "textbox", place, text=(heading, *paragraphs))


def _head(slicers: tuple[Field, ...], cards: tuple[Field, ...]) -> tuple[Visual, ...]:
    """The first row of a page: slicers, of which the first is the dates, then cards."""
    slots = [256, *[160] * (len(slicers) - 1)]
    width = (1280 - 16 - sum(slots) - 16 * (len(slots) + len(cards))) // len(cards)
    slots += [width] * len(cards)
    lefts = [16 + sum(slots[:index]) + 16 * index for index in range(len(slots))]
    kinds = ["slicer"] * len(slicers) + ["card"] * len(cards)
    return tuple(
        Visual(field.name, kind, (left, 16, width, 104), {"Values": (field,)})
        for field, kind, left, width in zip((*slicers, *cards), kinds, lefts, slots, strict=True)
    )


START = Page(
    "START HERE",
    (
        _text(
            (16, 16, 616, 336),
            "START HERE",
            "1. Home, Transform data, Edit parameters: write the address of your archive in BaseUrl, such as "
            "https://HOST/api/v1.0/reports.",
            "2. Home, Refresh. Power BI asks how to sign in: choose Web API, paste a function key of the archive, and "
            "choose that address as the level. The privacy level is Organizational.",
            "3. The state on the right says Connected, and the table below shows how fresh each call is. Two to four "
            "days are usual: Microsoft is that late.",
            "If it does not connect: refresh the table Connection alone, and read the state. The page People is empty "
            "unless BaseUrl is https://HOST/api/personal/v1.0/reports. More: docs/power-bi.md of the project.",
        ),
        Visual(
            "Does the connection work?",
            "card",
            (648, 16, 616, 160),
            {"Values": (Field("Connection", "Connection state"),)},
        ),
        Visual(
            "Newest refresh date",
            "card",
            (648, 192, 194, 160),
            {"Values": (Field("Freshness", "Newest refresh date"),)},
        ),
        Visual("Age in days", "card", (858, 192, 194, 160), {"Values": (Field("Freshness", "Age in days"),)}),
        Visual("History since", "card", (1068, 192, 196, 160), {"Values": (Field("Active users", "History since"),)}),
        Visual(
            "How fresh each call is, the oldest first",
            "tableEx",
            (16, 368, 1248, 336),
            {
                "Values": (
                    _column("Freshness", "Report"),
                    _column("Freshness", "Call"),
                    Field("Freshness", "Newest refresh date"),
                    Field("Freshness", "Age in days"),
                )
            },
            sort=(Field("Freshness", "Age in days"), "Descending"),
        ),
    ),
)

_ACTIVE, _BEFORE, _CHANGE = (
    Field("Active users", name) for name in ("Active users", "Active users a year before", "Change to the year before")
)
_LICENSED, _IN_30, _SHARE, _INACTIVE, _INACTIVE_SHARE = (
    Field("Services", name)
    for name in ("Licensed users", "Active in 30 days", "Active share", "Inactive 90 days", "Inactive share")
)

ACTIVE_USERS = Page(
    "Active users",
    (
        *_head((_DATE, _SERVICE), (_ACTIVE, _CHANGE, _LICENSED, _SHARE, _INACTIVE)),
        Visual(
            "Active users, and a year before (average of 28 days)",
            "lineChart",
            (16, 136, 800, 280),
            {"Category": (_DATE,), "Y": (_ACTIVE, _BEFORE)},
        ),
        Visual(
            "Licensed against active in 30 days",
            "clusteredColumnChart",
            (832, 136, 432, 280),
            {"Category": (_SERVICE,), "Y": (_LICENSED, _IN_30)},
        ),
        Visual(
            "Per service",
            "tableEx",
            (16, 432, 1248, 272),
            {"Values": (_SERVICE, _ACTIVE, _BEFORE, _CHANGE, _LICENSED, _IN_30, _SHARE, _INACTIVE, _INACTIVE_SHARE)},
        ),
    ),
)

_GB, _GB_BEFORE, _GROWTH, _GB_AHEAD = (
    Field("Storage", name)
    for name in ("Storage (GB)", "Storage a year before (GB)", "Storage growth", "Storage in 90 days (GB)")
)

STORAGE = Page(
    "Storage",
    (
        *_head((_DATE, _SERVICE), (_GB, _GB_BEFORE, _GROWTH, _GB_AHEAD)),
        Visual(
            "Storage per service (GB)",
            "lineChart",
            (16, 136, 800, 568),
            {"Category": (_DATE,), "Series": (_SERVICE,), "Y": (_GB,)},
        ),
        Visual(
            "Now, and a year before (GB)",
            "clusteredColumnChart",
            (832, 136, 432, 280),
            {"Category": (_SERVICE,), "Y": (_GB_BEFORE, _GB)},
        ),
        Visual(
            "Per service",
            "tableEx",
            (832, 432, 432, 272),
            {"Values": (_SERVICE, _GB, _GROWTH, _GB_AHEAD)},
        ),
    ),
)

_ENABLED, _COPILOT, _COPILOT_SHARE = (
    Field("Copilot", name) for name in ("Copilot enabled", "Copilot active", "Copilot active share")
)

TEAMS_AND_COPILOT = Page(
    "Teams and Copilot",
    (
        *_head(
            (_DATE,),
            (
                Field("Teams", "Teams active users"),
                Field("Teams", "Teams active share"),
                Field("Teams", "Teams in all"),
                Field("Teams", "Active teams"),
                Field("Teams activity", "Meetings"),
                _COPILOT_SHARE,
            ),
        ),
        Visual(
            "What people do in Teams (users per day, average of 28 days)",
            "lineChart",
            (16, 136, 616, 280),
            {
                "Category": (_DATE,),
                "Series": (_column("Teams users", "Activity"),),
                "Y": (Field("Teams users", "Users per day"),),
            },
        ),
        Visual(
            "Copilot: enabled against active",
            "lineChart",
            (648, 136, 616, 280),
            {"Category": (_DATE,), "Y": (_ENABLED, _COPILOT)},
        ),
        Visual(
            "Messages, calls and meetings per month",
            "clusteredColumnChart",
            (16, 432, 616, 272),
            {
                "Category": (_MONTH,),
                "Series": (_column("Teams activity", "Activity"),),
                "Y": (Field("Teams activity", "Teams actions"),),
            },
        ),
        Visual(
            "Copilot per app",
            "tableEx",
            (648, 432, 616, 272),
            {"Values": (_column("Copilot", "App"), _ENABLED, _COPILOT, _COPILOT_SHARE)},
        ),
    ),
)

_PEOPLE, _AWAY, _AWAY_SHARE, _LAST, _CONCEALED = (
    Field("People", name)
    for name in (
        *("Licensed people", "People inactive 90 days", "People inactive share", "Last activity"),
        "Concealed people",
    )
)

PEOPLE = Page(
    "People (optional)",
    (
        *_head((_DATE,), (_PEOPLE, _AWAY, _AWAY_SHARE, _CONCEALED)),
        Visual(
            "People with a product, and those inactive for 90 days",
            "clusteredColumnChart",
            (16, 136, 440, 280),
            {"Category": (_MONTH,), "Y": (_PEOPLE, _AWAY)},
        ),
        _text(
            (16, 432, 440, 272),
            "Personal data",
            "This page is filled only if BaseUrl is https://HOST/api/personal/v1.0/reports, the key is one of the "
            "function personal_reports, and the archive pulls reports with personal data.",
            "Names without @ are concealed: the tenant's setting hides names in reports. A person has another name "
            "before and after that is changed.",
            "Publish it only where everybody who sees the report may see this.",
        ),
        Visual(
            "Who did nothing for longest",
            "tableEx",
            (472, 136, 792, 568),
            {
                "Values": (
                    _column("People", "User Principal Name"),
                    _column("People", "Display Name"),
                    _column("People", "Assigned Products"),
                    _PEOPLE,  # else those who never did anything would have no row, as they have no last activity
                    _LAST,
                )
            },
            sort=(_LAST, "Ascending"),
        ),
    ),
)

PAGES = (START, ACTIVE_USERS, STORAGE, TEAMS_AND_COPILOT, PEOPLE)
