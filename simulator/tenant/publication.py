"""What Graph shows at an instant: the newest refresh date of each report, its bytes, and later corrections."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice
from threading import Lock

from simulator.protocol.calls import Call
from simulator.tenant.activity import noise
from simulator.tenant.tables import Table, lines
from simulator.tenant.tenant import BATCHES, Tenant

BOM = b"\xef\xbb\xbf"
LINE_END = "\r\n"
CHUNK_ROWS = 512


@dataclass(frozen=True)
class Snapshot:
    """The file of a call for a refresh date."""

    call: Call
    refresh_date: date
    empty: bool = False
    """Whether there are no numbers for that date yet."""

    @property
    def etag(self) -> str:
        """The refresh date in base64, as captured in github.com/microsoftgraph/msgraph-sdk-dotnet/issues/534."""
        return _etag(self.refresh_date)


@lru_cache(maxsize=1024)
def _etag(day: date) -> str:
    text = f"{day.month}/{day.day}/{day.year} 12:00:00 AM +00:00"
    return f'"{b64encode(text.encode()).decode()}"'


@lru_cache(maxsize=4096)
def _appears(seed: int, report: str, day: date) -> timedelta:
    """Return at what time, two days later, a report has a day."""
    usual = noise(seed, "published", report)[0] / 256
    today = noise(seed, "published", report, day.toordinal())[0] / 256
    return timedelta(hours=20 * usual + 4 * today)


class Publication:
    """All snapshots of a tenant, and when each is published."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._lock = Lock()
        self._revisions: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._views: list[tuple[str, Callable[[datetime], datetime]]] = []

    def newest(self, report: str, now: datetime) -> date:
        """Return the newest refresh date: two days ago from some hour of the day on, before that three days ago.

        Each report has an hour of its own, give or take two.
        """
        for pattern, when in tuple(self._views):
            now = when(now) if fnmatchcase(report, pattern) else now
        day = now.date() - timedelta(days=2)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC)
        return day if now >= midnight + _appears(self.tenant.seed, report, day) else day - timedelta(days=1)

    def see(self, pattern: str, when: Callable[[datetime], datetime]) -> Callable[[], None]:
        """Publish the reports that fit the pattern as if it were the time that `when` returns. Return what ends it."""
        view = (pattern.partition("(")[0], when)
        self._views.append(view)
        return lambda: self._views.remove(view)

    def snapshot(self, call: Call, now: datetime) -> Snapshot:
        """Return the snapshot of a call at an instant; if its day is not out yet, an empty one with the newest ETag."""
        newest = self.newest(call.report.name, now)
        if call.day is None:
            return Snapshot(call, newest)
        return Snapshot(call, min(call.day, newest), empty=call.day > newest)

    def restate(self, report: str, day: date, revision: int) -> None:
        """Correct the numbers of a report for a day; revisions go from 0 (no correction) to 7. Raise ValueError."""
        if not 0 <= revision < BATCHES:
            raise ValueError(f"revision must be from 0 to {BATCHES - 1}")
        with self._lock:
            self._revisions[report][day.toordinal()] = revision

    def reset(self) -> None:
        """Undo all corrections."""
        with self._lock:
            self._revisions.clear()

    def chunks(self, snapshot: Snapshot) -> Iterator[bytes]:
        """Yield the bytes as they go over the wire: the BOM, the header line, then blocks of rows."""
        call = snapshot.call
        yield BOM
        yield (",".join(call.header) + LINE_END).encode()
        if snapshot.empty:
            return
        day = snapshot.refresh_date.toordinal()
        table = Table(call.report, call.header, call.period, day, single=call.day is not None)
        rows = lines(self.tenant, table, self._revisions[call.report.name])
        while block := list(islice(rows, CHUNK_ROWS)):
            yield (LINE_END.join(block) + LINE_END).encode()
