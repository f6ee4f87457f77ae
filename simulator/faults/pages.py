"""Changes of a page of a collection: what it holds, and where it says that the next one is."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simulator.faults.answers import Change, Context
from simulator.protocol.messages import Answer

_LINK = "@odata.nextLink"


def edited(edit: Callable[..., None]) -> Change:
    """Change the JSON of a page; other answers stay as they are."""

    def change(answer: Answer, context: Context, **args: Any) -> Answer:
        try:
            page = json.loads(b"".join(answer.chunks))
        except ValueError:
            return answer
        edit(page, context, **args)
        return replace(answer, body=json.dumps(page).encode())

    return change


def repeated(page: Any, context: Context, count: int) -> None:
    """Put the first members at the end once more."""
    page["value"] += page["value"][:count]


def lost(page: Any, context: Context, count: int) -> None:
    """Leave the first members out."""
    del page["value"][:count]


def link(page: Any, context: Context, url: str | None) -> None:
    """Name another next page, or none."""
    page.pop(_LINK, None)
    if url is not None:
        page[_LINK] = url.replace("{here}", context.origin + context.request.target)
