"""The coverage index says what the names say, whatever happened to either."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local.in_memory import Operation
from shared.archive.coverage_archive import CoverageArchive
from shared.archive.coverage_index import MARKS, UNREADABLE, CoverageIndex, Turn
from shared.archive.layout import COVERAGE, DERIVED, ConcealmentChange, LostRange, Partition
from shared.archive.run_record import PullResult, RunRecord
from shared.archive.snapshot import Snapshot
from shared.domain.call import Call, calls_in
from shared.domain.catalogue import catalogue
from shared.domain.date_ranges import NO_DAYS, DateRanges
from shared.domain.errors import ArchiveUnavailable
from shared.domain.outcome import Outcome
from shared.domain.selection import Selection
from shared.pulling.covering import keep_coverage
from shared.pulling.memory import Memory, load
from shared.report.compression import compress
from shared.verification.archive import verify
from shared.verification.finding import FindingCode
from tests.shelf import Shelf, as_blobs, lines, snapshot

BEGAN = datetime(2026, 11, 20, 6, tzinfo=UTC)
SERVICES = Call("getOffice365ServicesUserCounts", period="D7")
DETAIL = Call("getOffice365ActiveUserDetail", period="D7")
SELECTION = Selection({SERVICES, DETAIL}, {DETAIL.report})
PLACES = sorted([Partition.of(SERVICES), Partition.of(DETAIL), Partition(DETAIL.report, "day")])
BODY = lines("Report Refresh Date,Value", "2026-11-18,1")
Told = Mapping[Partition, DateRanges]


def single(day: date) -> Call:
    return Call(DETAIL.report, date=day)


class Begun(NamedTuple):
    """A run that has pulled and not yet told anybody."""

    record: RunRecord
    memory: Memory
    marks: list[LostRange]


class History:
    """An archive, its time, and what others did to it that the index need not know yet."""

    def __init__(self) -> None:
        self.now = BEGAN
        self.meanwhile: list[Callable[[], object]] = []
        """What happens before the index is next written."""
        self.shelf = Shelf(self._around)
        self.archive = CoverageArchive(self.shelf.store, self.shelf.snapshots, self.shelf.markers, PLACES)
        self.foreign: set[tuple[Partition, date]] = set()
        self.runs = self.listings = 0

    def _around(self, operation: Operation, carry_out: Callable[[], Any]) -> Any:
        self.listings += operation.name == "list"
        if operation.blob == COVERAGE and operation.name == "put_blob" and self.meanwhile:
            self.meanwhile.pop()()
        return carry_out()

    # -- what happens --------------------------------------------------------------------------------------------------

    def pull(self, *, new: bool = True) -> Begun:
        """Let a run archive what is new, and mark a day as lost."""
        self.now += timedelta(hours=6)
        self.runs += 1
        memory = load(self.shelf, SELECTION, lambda: self.now, 1)
        day = self.now.date() - timedelta(days=2)
        calls = [SERVICES, DETAIL, single(day - timedelta(days=self.runs % 20))] if new else []
        pulls = [self.put(call, call.date or day) for call in calls]
        mark = LostRange(PLACES[2], date(2026, 1, self.runs % 28 + 1), date(2026, 1, self.runs % 28 + 1))
        self.shelf.markers.write(mark)
        results = [PullResult.of_snapshot(Outcome.PUBLISHED, each, self.now) for each in pulls]
        record = RunRecord(f"{self.now:%Y-%m-%dT%H%M%SZ}-{self.runs:06x}", self.now, self.now, results, 0)
        return Begun(record, memory, [mark])

    def put(self, call: Call, day: date, revision: int = 1) -> Snapshot:
        made = snapshot(call, day, BODY, revision)
        if (self.shelf.snapshots.container(call), made.blob) not in self.shelf.blobs:
            self.shelf.put(made, BODY)
        return made

    def restate(self) -> Begun:
        """Let a run archive another revision of each day that was the newest before."""
        begun = self.pull()
        found = begun.record.pulls
        again = [self.put(each.call, each.refresh_date, 2) for each in found if each.refresh_date]
        results = [PullResult.of_snapshot(Outcome.REVISED, each, self.now) for each in again]
        return begun._replace(record=begun.record._replace(pulls=results))

    def end(self, begun: Begun, *, is_recorded: bool = True) -> None:
        keep_coverage(self.archive, begun.record, begun.memory, SELECTION, begun.marks)
        if is_recorded:
            self.shelf.runs.keep(begun.record)

    def two_at_once(self) -> None:
        one, other = self.pull(), self.pull()
        self.meanwhile.append(lambda: self.end(other))
        self.end(one)

    def reader_among(self) -> None:
        """Let a reader make the index anew while a run is about to write it."""
        self.delete()
        self.meanwhile.append(self.read)
        self.end(self.pull())

    def by_hand(self, call: Call, ago: int) -> None:
        day = self.now.date() - timedelta(days=ago)
        call = single(day) if call.is_single_day else call
        self.foreign.add((Partition.of(call), day))
        self.put(call, day, 1 + ago % 3)

    def take_away(self, number: int) -> None:
        names = sorted(at for at in self.shelf.blobs if at[0] != DERIVED)
        if names:
            container, name = names[number % len(names)]
            report, key, day = (each.partition("=")[2] for each in name.split("/")[:3])
            self.foreign.add((Partition(report, key), date.fromisoformat(day)))
            self.shelf.memory.delete(container, name)

    def delete(self) -> None:
        self.shelf.memory.delete(DERIVED, COVERAGE)

    def damage(self, content: bytes) -> None:
        self.shelf.memory.put(DERIVED, COVERAGE, content, {})

    # -- what must hold ------------------------------------------------------------------------------------------------

    def read(self) -> CoverageIndex:
        newest = self.shelf.runs.newest(self.now)
        return self.archive.read(newest.id if newest else None)

    def named(self) -> CoverageIndex:
        """What the names say."""
        return CoverageIndex().with_names(name for place in PLACES for name in self.shelf.snapshots.names_in(place))

    def lost(self) -> DateRanges:
        return DateRanges.of(day for each in self.shelf.markers.lost() for day in each.days)

    def wrong(self) -> set[tuple[Partition, date]]:
        """What the index says and the names do not, or the other way round."""
        told, named = self.read(), self.named()
        return {
            (place, day)
            for place in PLACES
            for day in (told.dates.get(place, NO_DAYS) | named.dates.get(place, NO_DAYS)).days
            if told.revision(place, day) != named.revision(place, day)
        }


CALLS = [SERVICES, DETAIL, single(BEGAN.date())]
HAPPENINGS: Mapping[str, Callable[[History, int], object]] = {
    "a run": lambda history, number: history.end(history.pull()),
    "a run that finds nothing": lambda history, number: history.end(history.pull(new=False)),
    "a run that finds corrections": lambda history, number: history.end(history.restate()),
    "a crash before the index": lambda history, number: [history.pull, history.restate][number % 2](),
    "a crash before the record": lambda history, number: history.end(history.pull(), is_recorded=False),
    "two at once": lambda history, number: history.two_at_once(),
    "a reader among": lambda history, number: history.reader_among(),
    "deleted": lambda history, number: history.delete(),
    "damaged": lambda history, number: history.damage([b"", b"{}", b"\x1f\x8b\x08", BODY][number % 4]),
    "put there by hand": lambda history, number: history.by_hand(
        [SERVICES, DETAIL, single(BEGAN.date())][number % 3], number
    ),
    "taken away by hand": lambda history, number: history.take_away(number),
    "an outage": lambda history, number: setattr(history, "now", history.now + timedelta(days=number % 90)),
}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from([*HAPPENINGS]), st.integers(0, 900)), max_size=12))
@example(
    [("a run", 0), ("a crash before the index", 0), ("an outage", 40), ("a crash before the index", 0), ("a run", 0)]
)
@example([("a run", 0), ("a crash before the index", 0), ("an outage", 23)])
@example([("a run", 0), ("put there by hand", 700), ("two at once", 0), ("taken away by hand", 0)])
@example([("a run", 0), ("a crash before the index", 1), ("a run that finds nothing", 0)])
def test_whatever_happened_the_index_says_what_the_names_say(happenings: list[tuple[str, int]]) -> None:
    history = History()
    for happening, number in happenings:
        HAPPENINGS[happening](history, number)
    history.end(history.pull())
    assert history.wrong() <= history.foreign
    years = 4
    for _ in range(len(PLACES) * (years + 1)):
        history.end(history.pull(new=False))
    assert history.wrong() == set()
    assert history.read().lost == {PLACES[2]: history.lost()}
    history.by_hand(SERVICES, 500)
    history.delete()
    assert history.wrong() == set()


def test_what_is_put_there_by_hand_shows_when_its_turn_comes_and_at_once_after_deletion() -> None:
    history = History()
    history.end(history.pull())
    history.by_hand(SERVICES, 300)
    assert len(history.wrong()) == 1
    history.delete()
    assert history.wrong() == set()


def test_an_index_that_a_run_could_not_keep_is_made_anew_by_the_next_run_and_by_a_reader() -> None:
    def refuse() -> None:
        raise ArchiveUnavailable("Blob storage does not answer as it should: ServerBusy.")

    history = History()
    for look in (history.read, lambda: history.end(history.pull(new=False))):
        history.end(history.pull())
        history.meanwhile.append(refuse)
        history.end(history.pull())
        assert history.meanwhile == []
        look()
        stored = CoverageIndex.from_bytes(history.shelf.blobs[DERIVED, COVERAGE][0])
        named = history.named()
        assert (stored.dates, stored.later, stored.lost) == (named.dates, named.later, {PLACES[2]: history.lost()})


@pytest.mark.parametrize(
    ("disturb", "detail"),
    [
        (lambda history: history.put(SERVICES, date(2026, 1, 9)), "lacks what is there: 2026-01-09/2026-01-09"),
        (lambda history: history.put(SERVICES, date(2026, 11, 18), 2), "lacks what is there: 2026-11-18/2026-11-18"),
        (lambda history: history.take_away(-1), "has what is not there: 2026-11-17/2026-11-17"),
        (lambda history: history.damage(b"no gzip"), "cannot be read"),
        (lambda history: history.delete(), ""),
    ],
)
def test_verify_says_where_the_index_and_the_names_differ(disturb: Callable[[History], object], detail: str) -> None:
    history = History()
    history.end(history.pull())
    disturb(history)
    found = verify(as_blobs(history.shelf.blobs), catalogue(), history.now + timedelta(days=1))
    details = [each.detail for each in found if each.code is FindingCode.COVERAGE_DIFFERS]
    assert len(details) == bool(detail)
    assert all(detail in each for each in details)


def test_a_run_lists_at_most_two_times_for_the_index() -> None:
    history = History()
    history.end(history.pull())
    for _ in range(30):
        begun = history.pull()
        before = history.listings
        history.end(begun)
        assert history.listings - before <= 2


@pytest.mark.parametrize(
    "spoilt",
    [
        b'{"runs": [], "turn": null}',
        b'{"runs": [], "turn": null, "reports": {"a": {"D7": {"dates": ["2026-11-01"]}}}, "later": {}}',
        b'{"runs": [], "turn": null, "reports": {}}',
    ],
    ids=["cut short", "no range", "of before it told of revisions"],
)
def test_what_is_no_index_is_not_read_as_one(spoilt: bytes) -> None:
    with pytest.raises(UNREADABLE):
        CoverageIndex.from_bytes(compress(spoilt))


def test_the_index_reads_what_it_wrote() -> None:
    place = PLACES[0]
    change = ConcealmentChange(place, date(2026, 11, 9), 1, "named", "concealed")
    days = DateRanges.of([date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 1)])
    index = CoverageIndex(
        dates={place: days},
        lost={place: days},
        changes={place: [change]},
        runs=["a run"],
        turn=Turn(place, [MARKS]),
        later={place: {date(2026, 1, 1): 3}},
    )
    assert CoverageIndex.from_bytes(index.to_bytes()) == index


def test_five_years_of_every_call_are_a_few_kilobytes_and_where_one_day_in_fifty_was_corrected_a_few_more() -> None:
    years = DateRanges(((date(2021, 11, 20), date(2026, 11, 18)),))
    places = [*map(Partition.of, calls_in(catalogue()))]
    index = CoverageIndex(dates=dict.fromkeys(places, years))
    assert len(index.to_bytes()) < 10_000
    chance = Random(1)
    later = {place: {day: 2 for day in years.days if chance.random() < 0.02} for place in places}
    assert len(index._replace(later=later).to_bytes()) < 40_000
