"""A picture of lines over days, as SVG without scripts, styles or references, so that any page can embed it.

The same lines give the same bytes. Text is shortened to its place, with all of it in a `title`, which browsers show as
a tooltip.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

WIDTH, HEIGHT = 900, 420

MAX_LINES = 10
"""More lines look alike: there are seven colours, three of them a second time with dashes."""

# Colours of Okabe and Ito (https://jfly.uni-koeln.de/color/), which colour-blind people can tell apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
_PAPER, _GRID, _INK, _FAINT = "#ffffff", "#d8dee4", "#24292f", "#57606a"

_LEFT, _RIGHT, _TOP = 66, WIDTH - 34, 52
_LEGEND_COLUMNS, _LEGEND_ROW = 3, 20
_UNITS = ((1e12, 1e12, " T"), (1e9, 1e9, " G"), (1e6, 1e6, " M"), (1e4, 1e3, " k"))
"""From which value on an axis counts in what, and the letter for it."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Line(NamedTuple):
    """A named line. A day without a value is a gap in it."""

    label: str
    values: Mapping[date, float]


def draw(title: str, days: Sequence[date], lines: Sequence[Line], note: str = "") -> bytes:
    """Return a picture of at most `MAX_LINES` lines over the days, which are in order; `note` stands below them."""
    root = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")
    root.attrib |= {"width": str(WIDTH), "height": str(HEIGHT), "font-family": "sans-serif", "font-size": "12"}
    SubElement(root, "title").text = _clean(title)
    SubElement(root, "rect", width="100%", height="100%", fill=_PAPER)
    _text(root, 20, 30, title, 80, attributes={"font-size": "16", "font-weight": "bold"})
    if note:
        _text(root, 20, HEIGHT - 12, note, 140, fill=_FAINT)
    if not lines:
        _text(root, WIDTH / 2, HEIGHT / 2, "no rows", 20, fill=_FAINT, anchor="middle", attributes={"font-size": "20"})
        return tostring(root)
    legend = HEIGHT - (30 if note else 12) - _LEGEND_ROW * math.ceil(len(lines) / _LEGEND_COLUMNS)
    frame = _Frame(days, [value for line in lines for value in line.values.values()], legend - 34)
    _axes(root, frame)
    for number, line in enumerate(lines):
        _line(root, number, [[(frame.x(day), frame.y(line.values[day])) for day in run] for run in frame.runs(line)])
        _label(root, number, line.label, legend)
    return tostring(root)


class _Frame:
    """The place of days and values in the picture."""

    def __init__(self, days: Sequence[date], values: Sequence[float], bottom: float) -> None:
        self.days, self.bottom = days, bottom
        self.ticks = _ticks(min(0.0, *values), max(0.0, *values), all(value.is_integer() for value in values))
        steps = sorted((after - day).days for day, after in pairwise(days))
        self._reach = 3 * steps[len(steps) // 2] if steps else 0
        """Days: three times the usual step. A longer one is a gap, while a weekend without reports is none."""

    def x(self, day: date) -> float:
        first, last = self.days[0], self.days[-1]
        share = (day - first) / (last - first) if last > first else 0.5
        return _LEFT + (_RIGHT - _LEFT) * share

    def y(self, value: float) -> float:
        share = (value - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])
        return self.bottom - (self.bottom - _TOP) * share

    def runs(self, line: Line) -> Iterator[list[date]]:
        """Yield the stretches of days of the line that have no gap."""
        run: list[date] = []
        for day in self.days:
            if run and (day not in line.values or (day - run[-1]).days > self._reach):
                yield run
                run = []
            if day in line.values:
                run.append(day)
        if run:
            yield run


def _axes(root: Element, frame: _Frame) -> None:
    highest = max(map(abs, frame.ticks))
    unit, letter = next(((unit, letter) for least, unit, letter in _UNITS if highest >= least), (1, ""))
    for value in frame.ticks:
        y = f"{frame.y(value):.1f}"
        stroke = _FAINT if value == 0 else _GRID
        SubElement(root, "line", x1=str(_LEFT), x2=str(_RIGHT), y1=y, y2=y, stroke=stroke)
        _text(root, _LEFT - 8, frame.y(value) + 4, f"{value / unit:g}{letter if value else ''}", 12, anchor="end")
    for day, label in _dates(frame.days[0], frame.days[-1]):
        x = f"{frame.x(day):.1f}"
        SubElement(root, "line", x1=x, x2=x, y1=str(frame.bottom), y2=str(frame.bottom + 5), stroke=_FAINT)
        _text(root, frame.x(day), frame.bottom + 19, label, 12, anchor="middle")


def _line(root: Element, number: int, runs: Sequence[Sequence[tuple[float, float]]]) -> None:
    """Draw a line; a day alone is a dot."""
    path = ""
    for run in runs:
        if len(run) == 1:
            x, y = run[0]
            SubElement(root, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3", fill=_colour(number))
        else:
            path += "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run)
    if path:
        SubElement(root, "path", _stroke(number), d=path, fill="none")


def _label(root: Element, number: int, label: str, top: float) -> None:
    row, column = divmod(number, _LEGEND_COLUMNS)
    x, y = 20 + column * (WIDTH - 30) / _LEGEND_COLUMNS, top + row * _LEGEND_ROW
    SubElement(root, "path", _stroke(number), d=f"M{x:.1f} {y + 8:.1f}h20")
    _text(root, x + 28, y + 12, label, 34)


def _stroke(number: int) -> dict[str, str]:
    stroke = {"stroke": _colour(number), "stroke-width": "2", "stroke-linecap": "round", "stroke-linejoin": "round"}
    return stroke | ({"stroke-dasharray": "6 5"} if number >= len(_COLOURS) else {})


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _text(
    root: Element,
    x: float,
    y: float,
    text: str,
    longest: int,
    fill: str = _INK,
    anchor: str = "start",
    attributes: Mapping[str, str] = {},
) -> None:
    text = _clean(text)
    short = _shortened(text, longest)
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "fill": fill, "text-anchor": anchor}
    element = SubElement(root, "text", {**place, **attributes})
    element.text = short
    if short != text:
        SubElement(element, "title").text = text


def _clean(text: str) -> str:
    """Return the text on one line, and without characters that XML cannot hold."""
    return " ".join(_NOT_XML.sub("\ufffd", text).split())


def _shortened(text: str, longest: int) -> str:
    """Return the text, at most `longest` columns wide; what is left out is in the middle."""
    if _start(text, longest) == text:
        return text
    end = _start(text[::-1], (longest - 1) // 2)[::-1]
    return _start(text, longest // 2).rstrip() + "…" + end.lstrip()


def _start(text: str, width: int) -> str:
    """Return the characters that fit in so many columns; those of East Asia take two."""
    for place, character in enumerate(text):
        width -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width < 0:
            return text[:place]
    return text


def _ticks(low: float, high: float, whole: bool) -> list[float]:
    """Return round numbers, at most nine, from below `low` to above `high`."""
    high = high if high > low else 1.0
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / 7))
    step = next(factor * power for factor in (1, 2, 5, 10) if span / (factor * power) <= 7)
    step = max(step, 1.0) if whole else step
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _dates(first: date, last: date) -> Iterator[tuple[date, str]]:
    """Yield the days to label, at most nine: some days apart, or the first days of months or years."""
    days = (last - first).days
    for step in (1, 2, 7, 14):
        if days / step <= 8:
            yield from ((day, day.isoformat()) for day in (first + timedelta(n) for n in range(0, days + 1, step)))
            return
    start, end = first.year * 12 + first.month - (first.day == 1), last.year * 12 + last.month
    step = next(step for step in (1, 3, 6, 12, 60, 120, 600, 1200, 6000, 24000) if (end - start) / step <= 8)
    for month in range(start + -start % step, end, step):
        day = date(month // 12, month % 12 + 1, 1)
        yield day, day.isoformat()[:7]
