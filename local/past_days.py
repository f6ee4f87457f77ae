"""The past of `run --days`: the timer runs of many days, which processes with some of the reports each live through.

What the views count together, accounts and who did what, is in one process, which counts it as every run does.
Series are merged once, and each table is made when its month is over.
Each part is pulled by the app itself. A run of all parts leaves one record, as a run of all reports does. On most
days the timer fires once, when all reports of the day are out: at four times a day the same snapshots come to be.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import secrets
import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection, wait
from typing import NamedTuple, TypeVar

from local.backfill import Past
from local.child import ChildError
from local.incidents import Incidents
from shared.app import App
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import COVERAGE, DERIVED, REQUESTS, TABLES, Partition, RunRecordName, parse
from shared.archive.run_record import PullResult, RunRecord
from shared.archive.table_index import PartitionTables, TableIndex
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.domain.selection import Selection, select
from shared.pulling.table_keeping import TableKeeping
from shared.pulling.view_keeping import COUNTED
from shared.report.typed_table import RULES
from shared.settings import read
from shared.views.people import USERS

RUNS_A_DAY = 4
"""Timer runs in Azure, by default."""
_RECENT = 1
"""The last days, which have all of them, as have the first ones while single days are to come."""
_DAYS_AT_ONCE = 10
"""Before they are put into storage."""
PARTS = max(2, min(os.cpu_count() or 2, 4))
"""Processes side by side, of which one has all that is counted together."""
_OF_PEOPLE, _COUNTING = 3, 8
"""How many calls take as long as one of a report with a row per person, and as counting a day for the views."""
_NEVER = datetime.max.replace(tzinfo=UTC)
Key = TypeVar("Key", Call, Partition)
Value = TypeVar("Value")
Timer = tuple[datetime, str]
"""When a run begins, and the token of its id."""


class Progress(NamedTuple):
    """How far it is."""

    days: int
    """That are lived through."""
    until: datetime
    pulls: Sequence[PullResult]
    """Of the days since it was last told."""
    warnings: Sequence[str] = ()
    """The events that the app warned of, likewise."""


def live_through(
    days: int, end: datetime, users: int, settings: Mapping[str, str], processes: int = PARTS
) -> Iterator[Progress]:
    """Let the timer runs of the last `days` days happen in so many processes, and tell now and then how far it is.

    Raise ChildError.
    """
    begin, begun, done, is_catching_up = end - timedelta(days=days), 0, 0, True
    incidents = Incidents(begin, days)
    parts = [_Part(settings, users, reports, incidents) for reports in _split(settings["REPORTS"], processes)]
    together = _Together(App(read(settings)), parts)
    under_way: deque[int] = deque()
    while done < days:
        # One stretch more than is waited for, so that no part waits for another; but what is missing tells the next.
        while begun < days and len(under_way) < (1 if is_catching_up else 2):
            has_all = is_catching_up or begun >= days - _RECENT
            some = 1 if has_all else min(_DAYS_AT_ONCE, days - _RECENT - begun)
            starts = [begin + timedelta(days=number) for number in range(begun, begun + some)]
            together.begin([timer for start in starts for timer in _timers(start, has_all=has_all)])
            begun += some
            under_way.append(begun)
        records = together.lived()
        is_catching_up, done = bool(records[-1].waiting), under_way.popleft()
        pulls = [pull for record in records for pull in record.pulls]
        yield Progress(done, records[-1].started, pulls, together.warnings)
    together.begin([])
    together.lived()
    for each in parts:
        each.join()


def _timers(start: datetime, *, has_all: bool) -> list[Timer]:
    """Return the timers of the 24 hours from `start` on: all, or the one when the reports of the day are out."""
    times = [start + timedelta(days=part / RUNS_A_DAY) for part in range(RUNS_A_DAY)]
    if not has_all:
        night = start.replace(hour=23, minute=56, second=0, microsecond=0)
        times = [night if night >= start else night + timedelta(days=1)]
    return [(time, secrets.token_hex(3)) for time in times]


def _split(reports: str, number: int) -> list[Selection]:
    """Return what the setting selects in so many parts that take about as long; fewer if there are fewer reports."""
    selection = select(reports, catalogue())
    known = catalogue().reports
    sizes = {
        name: (len(calls) + RUNS_A_DAY * (name in selection.daily)) * (_OF_PEOPLE if known[name].personal_data else 1)
        for name, calls in selection.by_report.items()
    }
    together = [report for report in COUNTED if report in sizes]
    if USERS.report in sizes:
        sizes[USERS.report] += _COUNTING
    parts: list[list[str]] = [together, *([] for _ in range(number - 1))]
    for report in sorted(sizes.keys() - {*together}, key=lambda report: (-sizes[report], report)):
        min(parts, key=lambda part: sum(map(sizes.__getitem__, part))).append(report)
    return [selection.only(part) for part in parts if part]


class _Lived(NamedTuple):
    """What came to be in one part that is of all reports together."""

    records: Sequence[RunRecord]
    coverage: CoverageIndex
    tables: Mapping[Partition, PartitionTables]
    warnings: Sequence[str] = ()
    """The names of the events that the app warned of."""


class _Part:
    """The process that lives through the pulls of some reports; it ends with this one."""

    def __init__(self, settings: Mapping[str, str], users: int, selection: Selection, incidents: Incidents) -> None:
        self.reports = {*selection.by_report}
        left_out = [
            f"-{name}" for name in select(settings["REPORTS"], catalogue()).by_report if name not in self.reports
        ]
        reports = ", ".join([settings["REPORTS"], *left_out])
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        arguments = (theirs, dict(settings), users, reports, incidents)
        self._process = context.Process(target=_live, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, timers: Sequence[Timer]) -> None:
        """Let these runs happen; none means that they were the last."""
        self.connection.send(timers)

    def lived(self) -> _Lived:
        """Return what it lived through next. Raise ChildError."""
        try:
            lived: _Lived = self.connection.recv()
        except (EOFError, OSError):
            raise ChildError("What lives through the past broke off.") from None
        return lived

    def join(self) -> None:
        """Wait for its end, after the last runs."""
        self._process.join()


class _Together:
    """All parts."""

    def __init__(self, app: App, parts: Sequence[_Part]) -> None:
        self._archive = app.archive
        self._parts = parts
        self._owners = {report: number for number, part in enumerate(parts) for report in part.reports}
        self.warnings: Sequence[str] = ()
        """The names of the events that the app warned of in the runs that were lived through last."""

    def begin(self, timers: Sequence[Timer]) -> None:
        """Let these runs happen after those that began before; none means that they were the last."""
        for each in self._parts:
            each.begin(timers)

    def lived(self) -> list[RunRecord]:
        """Put into storage what the next runs left that began, and return their records. Raise ChildError."""
        arrived: dict[int, _Lived] = {}  # as they come, as who cannot hand over cannot go on
        while awaited := [number for number in range(len(self._parts)) if number not in arrived]:
            ready = {id(each) for each in wait([self._parts[number].connection for number in awaited])}
            arrived |= {
                each: self._parts[each].lived() for each in awaited if id(self._parts[each].connection) in ready
            }
        lived = [arrived[number] for number in range(len(self._parts))]
        self.warnings = [name for part in lived for name in part.warnings]
        records = [*map(self._record, zip(*(part.records for part in lived), strict=True))]
        for record in records:
            self._archive.runs.keep(record)
        self._keep(COVERAGE, self._index([part.coverage for part in lived]).to_bytes())
        tables = TableIndex(self._joined([part.tables for part in lived]))
        self._keep(TABLES, tables.to_bytes(RULES))
        return records

    def _keep(self, name: str, content: bytes) -> None:
        kept = self._archive.store.get(DERIVED, name)
        self._archive.store.replace_if(DERIVED, name, content, {}, kept.etag if kept else None)

    def _record(self, parts: Sequence[RunRecord]) -> RunRecord:
        """Return the record of a run of all reports."""
        return parts[0]._replace(
            finished=max(part.finished for part in parts),
            pulls=sorted((pull for part in parts for pull in part.pulls), key=lambda pull: str(pull.call)),
            waiting=sum(part.waiting for part in parts),
            lost=self._joined([part.lost for part in parts]),
            states=self._joined([part.states for part in parts]),
            pulled_at=max(filter(None, (part.pulled_at for part in parts)), default=None),
            planned={
                report: at
                for number, part in enumerate(parts)
                for report, at in part.planned.items()
                if self._owners.get(report, 0) == number
            },
        )

    def _index(self, parts: Sequence[CoverageIndex]) -> CoverageIndex:
        """Return the coverage index of all reports."""
        return parts[0]._replace(
            dates=self._joined([part.dates for part in parts]),
            lost=self._joined([part.lost for part in parts]),
            changes=self._joined([part.changes for part in parts]),
            later=self._joined([part.later for part in parts]),
        )

    def _joined(self, parts: Sequence[Mapping[Key, Value]]) -> dict[Key, Value]:
        """Return what each part says of its own reports, and the first of those that are in none."""
        return {
            key: value
            for number, part in enumerate(parts)
            for key, value in part.items()
            if self._owners.get(key.report, 0) == number
        }


class _Warned(logging.Handler):
    """Keeps the names of the events that the app warns of, to be told in the end."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._names.append(record.getMessage().partition(" ")[0])

    def taken(self) -> list[str]:
        """Return the names since they were taken last."""
        names, self._names = self._names, []
        return names


def _live(connection: Connection, settings: Mapping[str, str], users: int, reports: str, incidents: Incidents) -> None:
    """Live through the runs of these reports that are asked for, until there are no more, in a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with the other end of the connection
    gc.disable()  # what is there stays, and is looked through in vain
    warned = _Warned()
    logging.getLogger().addHandler(warned)
    with Past(settings, users) as past, suppress(EOFError, ConnectionError):
        app = past.app(reports, keep_derived=False)
        ours = app.pull_run.selection.by_report
        tables = TableKeeping(app.archive, catalogue(), past.control.now)
        pulled: dict[Partition, Call] = {}
        while timers := connection.recv():
            records = []
            for time, token in timers:
                past.control.set_time(time)
                incidents.happen(past.control, time)
                records.append(app.pull_run.execute(token))
            pulls = [pull for each in records for pull in each.pulls if pull.snapshot]
            pulled |= {Partition.of(pull.call): pull.call for pull in pulls}
            coverage = app.archive.coverage.read(records[-1].id)
            tables.keep(coverage, _NEVER, lambda each: each.partition.report in ours and not each.days)
            past.keep(_is_of_some_reports)
            gc.collect()
            gc.freeze()
            connection.send(_Lived(records, coverage, {**app.archive.tables.index().partitions}, warned.taken()))
        for call in pulled.values():
            if newest := app.archive.snapshots.newest(call, past.control.now().date()):
                app.archive.series.keep_up(newest)
        coverage = app.archive.coverage.read(None)
        tables.keep(coverage, _NEVER, lambda each: each.partition.report in ours)
        past.keep(_is_of_some_reports)
        connection.send(_Lived([], coverage, {**app.archive.tables.index().partitions}))


def _is_of_some_reports(name: str) -> bool:
    """Whether a blob is of one report, and not of all that are pulled together."""
    return name not in (COVERAGE, REQUESTS, TABLES) and not isinstance(parse(name), RunRecordName)
