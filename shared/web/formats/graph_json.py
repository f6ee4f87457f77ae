"""A snapshot's CSV as Graph's beta answers it with `$format=application/json`.

What a column's name does not tell is data in `json_names.json`, read when JSON is first asked for: the names that break
the rule, and the collections into which some reports put their rows.
Sources: the examples of JSON on the beta pages reportroot-*, and the types on the pages of their resources, in
github.com/microsoftgraph/microsoft-graph-docs-contrib; the pages copilotreportroot-* in
github.com/MicrosoftDocs/m365copilot-docs.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import not_
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.report.column_types import ColumnType, column_types
from shared.report.csv_records import distinct, items, records, same
from shared.report.refresh_dates import DATE
from shared.web.formats.json_value import encode, wrap

if TYPE_CHECKING:
    from shared.domain.call import Call
    from shared.domain.catalogue import Report

_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_AS_TEXT = (ColumnType.TEXT, ColumnType.DATE)
_TRUTH = {"true": "true", "yes": "true", "false": "false", "no": "false"}


def is_documented(report: Report, call: Call) -> bool:
    """Whether Microsoft documents the JSON of this call."""
    return report.name in _documented().reports and not call.version


def pieces(report: Report, call: Call, body: bytes) -> Iterator[bytes]:
    """Yield `{"value": [...]}` with all rows, which Graph would send in pages.

    A column that is not documented is text, under the name that `property_name` gives it. A cell that is not what its
    column should hold is text too. Raises KeyError for a call that is not documented, ValueError for what is no CSV.
    """
    if not is_documented(report, call):
        raise KeyError(f"Microsoft does not document the JSON of {call}.")
    rows = filter(None, records(body))
    return wrap(_objects(report.name, next(rows, []), rows))


def bytes_of_names(report: Report, header: Sequence[str]) -> int:
    """Return how many bytes of each object are names."""
    return sum(len(member.key.encode()) for member in _members(report.name, header))


def property_name(column: str) -> str:
    """Return Graph's name for a column, by the rule that all but a few follow.

    `Storage Used (Byte)` is `storageUsedInBytes`.
    A column without letters and digits keeps its name.
    """
    words: list[str] = _WORD.findall(column.replace("(Byte)", "In Bytes"))
    if not words:
        return column
    first = words[0].lower() if words[0].isupper() else words[0][0].lower() + words[0][1:]
    return first + "".join(word.capitalize() if word.islower() else word for word in words[1:])


class _Documented(NamedTuple):
    names: Mapping[str, str]
    reports: Mapping[str, Mapping[str, Any]]
    """`collection`: the property of an object that holds its rows. `outside`: the columns that are not in there; rows
    that agree in all of them share an object. `blank`: what an empty text is."""


@functools.cache
def _documented() -> _Documented:
    content = json.loads(Path(__file__).with_name("json_names.json").read_text("utf-8"))
    return _Documented(content["names"], content["reports"])


class _Member(NamedTuple):
    """One member of an object."""

    place: int
    """Of the column."""
    key: str
    write: Callable[[str], str]
    blank: str

    def of(self, row: list[str]) -> str:
        cell = row[self.place] if self.place < len(row) else ""
        return self.key + (self.write(cell) if cell else self.blank)


def _objects(name: str, header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield the objects of `value` of the report of that name."""
    report, members = _documented().reports[name], _members(name, header)
    if "collection" not in report:
        yield from ("{" + _joined(members, row) + "}" for row in rows)
        return
    outside = [header[member.place] in report["outside"] for member in members]
    outer, inner = list(compress(members, outside)), list(compress(members, map(not_, outside)))
    collections: dict[str, list[str]] = {}
    for row in rows:
        collections.setdefault(_joined(outer, row), []).append("{" + _joined(inner, row) + "}")
    for shared, objects in collections.items():
        collection = f"{encode(report['collection'])}:[{','.join(objects)}]"
        yield "{" + (f"{shared}," if shared else "") + collection + "}"


def _members(name: str, header: Sequence[str]) -> list[_Member]:
    report, types = _documented().reports[name], column_types(name)
    keys = distinct(_documented().names.get(column) or property_name(column) for column in header)
    text_blank = encode(report["blank"]) if "blank" in report else "null"
    members = []
    for place, (column, key) in enumerate(zip(header, keys, strict=True)):
        kind = types.get(same(column), ColumnType.TEXT)
        blank = "[]" if kind is ColumnType.LIST else text_blank if kind in _AS_TEXT else "null"
        members.append(_Member(place, encode(key) + ":", _WRITERS[kind], blank))
    return members


def _joined(members: Iterable[_Member], row: list[str]) -> str:
    return ",".join([member.of(row) for member in members])


def _date(cell: str) -> str:
    match = DATE.fullmatch(cell)
    return encode(match[1] if match else cell)


def _number(cell: str) -> str:
    """Return the number as it stands there: no digit is lost in a float."""
    return cell if _NUMBER.fullmatch(cell) else encode(cell)


def _boolean(cell: str) -> str:
    return _TRUTH.get(cell.lower()) or encode(cell)


def _list(cell: str) -> str:
    return "[" + ",".join([encode(item) for item in items(cell)]) + "]"


_WRITERS: dict[ColumnType, Callable[[str], str]] = {
    ColumnType.TEXT: encode,
    ColumnType.DATE: _date,
    ColumnType.NUMBER: _number,
    ColumnType.FRACTION: _number,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.LIST: _list,
}
