"""`/tenants/all/{version}/reports/{call}/series`: the series of all tenants as one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from shared.domain.error_code import ErrorCode
from shared.domain.errors import NotArchived, TooLarge
from shared.domain.tenants import Tenant
from shared.report.csv_records import BOM, Row, records
from shared.report.history import pieces, with_header
from shared.report.table import Column, pinned
from shared.web import formats, query
from shared.web.http import Request, Response
from shared.web.representation import CSV, JSON, LARGEST, from_bytes
from shared.web.rfc9110 import send

TENANT = Column("Tenant")
_FORMATS = ("csv", "json", "excel")
_FORM = ("format", "$format", "bom")
_AT_ONCE = 8
"""Tenants whose series are read at the same time."""
_PATH = re.compile(r"(?:v1\.0|beta)/+reports/+.+/series/*", re.ASCII | re.IGNORECASE | re.DOTALL)


class _Together(NamedTuple):
    """The history of a call in several tenants, one after the other."""

    columns: tuple[Column, ...]
    """The tenant first, then those of all."""
    parts: Sequence[tuple[str, bytes]]
    """The id of each tenant, and its series as CSV."""

    def by_day(self) -> Iterator[tuple[str, Iterable[Row]]]:
        """Yield the ids of the tenants, with their rows."""
        for tenant, content in self.parts:
            yield tenant, self._rows(tenant, content)

    def _rows(self, tenant: str, content: bytes) -> Iterator[Row]:
        lines = records(content)
        header = [Column(name) for name in next(lines)]
        places = [header.index(column) if column in header else None for column in self.columns[1:]]
        for line in lines:
            yield (tenant, *("" if place is None else line[place] for place in places))


def series_of_all(
    request: Request, tenants: Sequence[Tenant], answer: Callable[[Tenant, Request], Response]
) -> Response:
    """Answer with the series of a call in all tenants, as `answer` gives that of one; the column `Tenant` is in front.

    Raises what that raises, and RequestError.
    """
    if not _PATH.fullmatch(request.path):
        raise NotArchived(ErrorCode.UNKNOWN_PATH, "Of all tenants there is /v1.0/reports/{call}/series, and no more.")
    parameters = query.Parameters(request.query, query.OF_SERIES)
    wanted, has_bom = parameters.format(_FORMATS, request.headers.get("accept", "")), parameters.bom()
    asked = {name: value for name, value in request.query.items() if name.lower() not in _FORM}
    of_one = Request("GET", request.path, {**asked, "format": "csv"})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        bodies = [found.body for found in pool.map(lambda tenant: answer(tenant, of_one), tenants)]
    if (size := sum(map(len, bodies))) > LARGEST:
        raise TooLarge(f"These are {size} bytes, and one answer can carry {LARGEST}: ask for a shorter range.")
    headers = [[Column(name) for name in next(records(body))] for body in bodies]
    parts = [(tenant.id, body) for tenant, body in zip(tenants, bodies, strict=True)]
    together = _Together((TENANT, *pinned(*headers)), parts)
    file_name = "" if wanted == "json" else f"{wanted}_series_of_all_tenants.csv".removeprefix("csv_")
    content = b"".join(_pieces(together, wanted, has_bom=has_bom))
    cache = {"Cache-Control": "private, no-cache"}
    return send(request, from_bytes(content, JSON if wanted == "json" else CSV, cache, file_name))


def _pieces(history: _Together, wanted: str, *, has_bom: bool) -> Iterator[bytes]:
    if wanted == "json":
        return formats.table_json.pieces(history)
    if wanted == "excel":
        return formats.excel.pieces(with_header(history))
    return (piece for part in ([BOM.encode()] if has_bom else [], pieces(history)) for piece in part)
