"""A tenant as another one was seen: the faults that make the simulator do what an evidence.json says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_FAULTS: dict[str, dict[str, dict[str, Any]]] = {
    "bom": {"none": {"fault": "no_bom"}, "several": {"fault": "two_boms"}},
    "line_ends": {"LF": {"fault": "lf"}, "CRLF and LF": {"fault": "mixed_line_ends"}},
    "etag": {
        "none": {"fault": "etag", "args": {"etag": ""}},
        "another": {"fault": "etag", "args": {"etag": '"another"'}},
        "weak, another": {"fault": "etag", "args": {"etag": 'W/"another"'}},
    },
    "framing": {"neither": {"fault": "unframed"}},
}
"""By fact and value. What is not here, the simulator does in its own way."""
_USUAL_DAYS = 2


def scenario(path: Path) -> dict[str, Any]:
    """Return the rules for a simulator that does what the file says. Raise ValueError, OSError."""
    told = json.loads(path.read_text("utf-8"))
    try:
        return {"rules": [rule | {"times": None} for rule in _rules(told["seen"], told["numbers"])]}
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{path} is no evidence.json") from None


def _rules(seen: dict[str, Any], numbers: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for fact, faults in _FAULTS.items():
        for value, told in seen.get(fact, {}).items():
            if value in faults:
                yield from (faults[value] | {"match": _of(report)} for report in told["reports"])
    for value, told in seen.get("redirect_host", {}).items():
        if host := re.fullmatch(r"another: ([a-z0-9.-]+)", value):
            args = {"location": f"https://reports.{host[1]}/data/v1.0/download?token=x"}
            yield from ({"fault": "redirect", "args": args, "match": _of(report)} for report in told["reports"])
    for report, (least, *_) in numbers.get("days_behind", {}).items():
        if least > _USUAL_DAYS + 1:
            yield {"fault": "shifted", "args": {"days": float(_USUAL_DAYS - least)}, "match": _of(report)}


def _of(report: str) -> dict[str, str]:
    return {"call": f"{report}*"}
