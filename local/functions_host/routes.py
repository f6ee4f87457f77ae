"""Route templates as the Functions host understands them.

https://learn.microsoft.com/aspnet/core/fundamentals/routing#route-templates
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

_PARAMETER = re.compile(r"\{(?P<stars>\*{0,2})(?P<name>\w+)(?::(?P<constraint>[^{}]*?))?(?P<optional>\?)?\}")
_CONSTRAINTS = {
    "alpha": r"(?i)^[a-z]+$",
    "bool": r"(?i)^(true|false)$",
    "guid": r"(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    "int": r"^-?[0-9]+$",
    "long": r"^-?[0-9]+$",
}


class RouteError(ValueError):
    """A template uses what is not understood here."""


@dataclass(frozen=True)
class Route:
    """One template: its pattern, what each parameter has to look like, and its rank among routes that match as well."""

    pattern: re.Pattern[str]
    constraints: dict[str, re.Pattern[str]]
    precedence: tuple[int, ...]

    @classmethod
    def parse(cls, template: str) -> Self:
        segments = [_Segment.parse(segment) for segment in template.split("/") if segment]
        return cls(
            re.compile("".join(segment.pattern for segment in segments) + "/?", re.IGNORECASE | re.DOTALL),
            {name: pattern for segment in segments for name, pattern in segment.constraints.items()},
            tuple(segment.rank for segment in segments),
        )

    def match(self, path: str) -> dict[str, str] | None:
        """The route values, if `path` (as `decoded` gives it) fits. A value that is not there is left out."""
        if not (found := self.pattern.fullmatch(path)):
            return None
        values = {name: value for name, value in found.groupdict().items() if value}
        fits = all(pattern.search(values[name]) for name, pattern in self.constraints.items() if name in values)
        return values if fits else None


@dataclass(frozen=True)
class _Segment:
    pattern: str
    constraints: dict[str, re.Pattern[str]]
    rank: int

    @classmethod
    def parse(cls, segment: str) -> Self:
        """A literal, a parameter, or a mixture such as `reports({name})`; the rank says which goes first."""
        parameters = list(_PARAMETER.finditer(segment))
        constraints = {p["name"]: _constraint(p["constraint"]) for p in parameters if p["constraint"]}
        if not parameters:
            return cls("/" + re.escape(segment), constraints, 0)
        if (only := parameters[0]).group() != segment:
            texts = [re.escape(text) for text in _PARAMETER.sub("\0", segment).split("\0")]
            groups = [f"(?P<{p['name']}>[^/]+?)" for p in parameters] + [""]
            return cls("/" + "".join(text + group for text, group in zip(texts, groups, strict=True)), constraints, 1)
        pattern = f"/(?P<{only['name']}>{'.*' if only['stars'] else '[^/]+'})"
        if only["stars"] or only["optional"]:
            pattern = f"(?:{pattern})?"
        return cls(pattern, constraints, (3 if only["stars"] else 1) + (not constraints))


def _constraint(text: str) -> re.Pattern[str]:
    if text.startswith("regex(") and text.endswith(")"):
        return re.compile(text.removeprefix("regex(").removesuffix(")"), re.IGNORECASE)
    if text not in _CONSTRAINTS:
        raise RouteError(f"the route constraint {text!r} is not known here")
    return re.compile(_CONSTRAINTS[text])


def decoded(path: str) -> str:
    """The path as the host decodes it before it looks for a route: all but an encoded slash."""
    return "".join(part if part.upper() == "%2F" else unquote(part) for part in re.split("(%2[Ff])", path))
