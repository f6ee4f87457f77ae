"""The directory of now as a report: its pages from Graph, put in order, as one CSV.

learn.microsoft.com/graph/api/subscribedsku-list, /graph/api/user-list, /graph/paging, /graph/aad-advanced-queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from shared.domain.catalogue import DIRECTORY_VERSION, Report
from shared.domain.errors import PullError, Retryable
from shared.domain.outcome import Flag, Reason
from shared.graph.client import Graph, GraphResponse
from shared.pulling.retries import Retries
from shared.pulling.sorted_rows import SortedRows
from shared.report.csv_records import BOM, to_csv
from shared.report.directory import SELECT, SIGN_IN_COLUMNS, SIGN_INS, key_of, row_maker
from shared.report.json_page import page_of

_LARGEST_PAGE = 64 << 20
"""Bytes; a page of 999 accounts has about two millions."""
_PAGE = 999
"""Accounts: the most that Graph gives at once. With sign-ins it sets the size itself, which it has changed before."""
_LONGEST = 86_400.0
"""Seconds, where nobody says how long there is."""

Page = Mapping[str, Any]


class Directory:
    """What reads a collection of the directory."""

    def __init__(
        self,
        *,
        graph: Graph,
        with_sign_ins: bool,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object],
        random: Callable[[float, float], float],
    ) -> None:
        """`clock` answers UTC, `sleep` takes seconds, `random` answers a number between two."""
        self._graph = graph
        self._with_sign_ins = with_sign_ins
        self._clock = clock
        self._sleep = sleep
        self._random = random

    @contextmanager
    def read(self, report: Report, seconds: float) -> Iterator[GraphResponse]:
        """Read all pages within so many seconds, and give the report that they are. Raise PullError.

        A page is asked for again as a report is, and without it there is no report. Its day is today.
        """
        now = self._clock()
        retries = Retries(
            end=now + timedelta(seconds=min(seconds, _LONGEST)),
            clock=self._clock,
            sleep=self._sleep,
            random=self._random,
        )
        with SortedRows() as rows:
            collection = _Collection(self._graph, report, retries, rows)
            header = collection.read_all(with_sign_ins=report.personal_data and self._with_sign_ins)
            dated = ([now.date().isoformat(), *row[1:]] for row in rows)
            chunks = chain([BOM.encode()], to_csv(chain([header], dated)))
            yield GraphResponse(chunks, "", collection.request_id, collection.flags)


class _Collection:
    """One collection on its way."""

    def __init__(self, graph: Graph, report: Report, retries: Retries, rows: SortedRows) -> None:
        self._graph = graph
        self._report = report
        self._retries = retries
        self._rows = rows
        self._number: int | None = None
        """How many members there are, if Graph said so."""
        self._lacks_sign_ins = False
        self.request_id = ""
        """Of the first page."""

    def read_all(self, *, with_sign_ins: bool) -> tuple[str, ...]:
        """Take all pages, without sign-ins if Graph refuses them, and return the header. Raise PullError."""
        header = self._report.columns[DIRECTORY_VERSION]
        if with_sign_ins:
            try:
                return self._read(_accounts(SIGN_INS), (*header, *SIGN_IN_COLUMNS))
            except PullError as error:
                if error.reason is not Reason.PERMISSION or self._rows.taken:
                    raise
                self._lacks_sign_ins = True
        return self._read(_accounts() if self._report.personal_data else "", header)

    def flags(self) -> tuple[Flag, ...]:
        """Return what a reader should know, once all rows are given back."""
        found = {
            Flag.REPEATED: self._rows.given < self._rows.taken,
            Flag.UNCOUNTED: self._number not in (None, self._rows.given),
            Flag.WITHOUT_SIGN_INS: self._lacks_sign_ins,
        }
        return tuple(flag for flag, is_there in found.items() if is_there)

    def _read(self, query: str, header: tuple[str, ...]) -> tuple[str, ...]:
        path, seen = f"/{DIRECTORY_VERSION}/{self._report.name}{query}", set[str]()
        row_of = row_maker(header)
        while path:
            if path in seen:
                raise PullError(Reason.BAD_PAGE, "A page is said to be followed by one that came before.")
            seen.add(path)
            page = self._page(path)
            try:
                for member in page["value"]:
                    self._rows.add(key_of(self._report.name, member), row_of(member))
                self._number = page.get("@odata.count", self._number)
                link = page.get("@odata.nextLink")
            except (KeyError, TypeError, ValueError) as error:
                raise PullError(Reason.BAD_PAGE, f"A page is not as Graph documents it: {error}.") from error
            path = self._graph.path_of(link) if link else ""
        return header

    def _page(self, path: str) -> Page:
        """Return a page; an error that stays is final for all of them."""
        try:
            return self._retries.first_success(lambda _: self._received(path))
        except PullError as error:
            is_refusal = error.reason is Reason.PERMISSION
            needs = f" {self._report.name} needs {self._report.permission}." if is_refusal else ""
            raise PullError(error.reason, f"{error}{needs}") from error

    def _received(self, path: str) -> Page:
        counted = {"ConsistencyLevel": "eventual"} if "$count=true" in path else {}
        with self._graph.get(path, seconds=self._retries.seconds_left(), headers=counted) as answer:
            if not answer:
                raise PullError(Reason.NOT_MODIFIED, "Graph answered 304 to a question without a condition.")
            self.request_id = self.request_id or answer.request_id
            try:
                page = page_of(_within_size(answer.chunks))
            except (ValueError, RecursionError):
                page = {}
        if not isinstance(page.get("value"), list):
            raise Retryable(Reason.BAD_PAGE, "A page is not whole JSON with its members.")
        return page


def _within_size(chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _LARGEST_PAGE:
            raise PullError(Reason.TOO_LARGE, f"A page has more than {_LARGEST_PAGE} bytes.")
        yield chunk


def _accounts(*more: str) -> str:
    """Return the query for accounts with their usual properties and `more`."""
    select = {"$select": ",".join([*SELECT, *more])}
    size = {} if more else {"$top": str(_PAGE), "$count": "true"}
    return "?" + urlencode({**select, **size}, safe="$,")
