"""Who was active when, in each service, as the newest reports up to a day say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from shared.archive.snapshot import Snapshot
from shared.archive.snapshots import SnapshotArchive
from shared.domain.call import Call
from shared.domain.catalogue import Catalogue
from shared.report.csv_records import cells_of
from shared.views.naming import is_concealed
from shared.views.people import Directory, Person, paired

_LAST = "Last Activity Date"
REPORTS: Mapping[str, Mapping[str, str]] = {
    "getOffice365ActiveUserDetail": {
        service: f"{service} {_LAST}" for service in ("Exchange", "OneDrive", "SharePoint", "Teams", "Yammer")
    },
    "getEmailActivityUserDetail": {"Exchange": _LAST},
    "getOneDriveActivityUserDetail": {"OneDrive": _LAST},
    "getSharePointActivityUserDetail": {"SharePoint": _LAST},
    "getTeamsUserActivityUserDetail": {"Teams": _LAST},
    "getYammerActivityUserDetail": {"Yammer": _LAST},
    "getM365AppUserDetail": {"Apps": _LAST},
    "getMicrosoft365CopilotUsageUserDetail": {"Copilot": _LAST},
}
"""The reports that name people, and the column of each service that they tell of."""
_NOTHING = {report: (None,) * len(services) for report, services in REPORTS.items()}
SERVICES = ("Exchange", "OneDrive", "SharePoint", "Teams", "Yammer", "Apps", "Copilot")
_DELETED = "Is Deleted"
_ADDRESS = "User Principal Name"


class Source(NamedTuple):
    """One report that counts, and what it says."""

    call: Call
    day: date
    """Its refresh date."""
    since: date
    """What lies before, it may not tell."""
    last: Mapping[str, Sequence[date | None]]
    """By address in lower case the last day in each of its services; None: it says none."""
    renamed: Mapping[str, Sequence[str]]
    """By id the addresses that may be theirs in it, likeliest first, of those who have another one now."""

    @property
    def services(self) -> Iterable[str]:
        return REPORTS[self.call.report].keys()

    def of(self, person: Person) -> Sequence[date | None]:
        """Return the last day of a person in each of its services."""
        for address in self.renamed.get(person.id, (person.address,)):
            if found := self.last.get(address.casefold()):
                return found
        return _NOTHING[self.call.report]


class Seen(NamedTuple):
    """What is known of one person in one service."""

    last: date | None
    """None: nothing since `since`."""
    day: date
    """Up to which it is known."""
    since: date


class Activity(NamedTuple):
    """All sources of a day."""

    sources: Sequence[Source]
    concealed: Sequence[Call]
    """Reports that name nobody, so that nothing can be said of anybody."""

    @property
    def not_archived(self) -> list[str]:
        """The services that no source tells of."""
        told = {service for source in self.sources for service in source.services}
        return [service for service in SERVICES if service not in told]

    def of(self, person: Person) -> dict[str, Seen]:
        """Return by service what is known of a person. Activity before the account was made is another's."""
        created = person.created_on or date.min
        found: dict[str, Seen] = {}
        for source in self.sources:
            for service, last in zip(source.services, source.of(person), strict=True):
                seen = Seen(last if last and last >= created else None, source.day, source.since)
                found[service] = _together(found[service], seen) if service in found else seen
        return found


def activity_at(catalogue: Catalogue, directory: Directory, as_of: datetime | None = None) -> Activity:
    """Return what is known of the activity of a day, each report at its newest date up to it."""
    snapshots = directory.accounts.snapshots
    archived = snapshots.reports()
    sources: list[Source] = []
    concealed: list[Call] = []
    renamed = _Renamed(directory, as_of)
    for report in filter(archived.__contains__, REPORTS):
        call, snapshot = _longest(snapshots, catalogue, report, directory.now.refresh_date, as_of)
        if snapshot and is_concealed(snapshots, snapshot):
            concealed.append(call)
        elif snapshot:
            sources.append(_source(snapshots.pieces(snapshot), call, snapshot.refresh_date, renamed))
    return Activity(sources, concealed)


def _together(one: Seen, other: Seen) -> Seen:
    last = max(filter(None, (one.last, other.last)), default=None)
    return Seen(last, max(one.day, other.day), min(one.since, other.since))


def _longest(
    snapshots: SnapshotArchive, catalogue: Catalogue, report: str, day: date, as_of: datetime | None
) -> tuple[Call, Snapshot | None]:
    """Return the newest snapshot of the longest period that is archived, and its call."""
    call = Call(report)
    for period in reversed(catalogue.reports[report].periods):
        call = Call(report, period=period)
        if snapshot := snapshots.until(call, day, as_of):
            return call, snapshot
    return call, None


def _source(body: Iterable[bytes], call: Call, day: date, renamed: _Renamed) -> Source:
    rows = cells_of(body, [_ADDRESS, _DELETED, *REPORTS[call.report].values()])
    # An address may have been somebody else's, who is deleted.
    last = {address.casefold(): tuple(map(_date, days)) for address, deleted, *days in rows if deleted != "True"}
    period = (call.period or "")[1:]
    since = day - timedelta(days=int(period) - 1) if period.isdigit() else date.min
    return Source(call=call, day=day, since=since, last=last, renamed=renamed.on(day))


class _Renamed:
    """Who had another address on earlier days."""

    def __init__(self, directory: Directory, as_of: datetime | None) -> None:
        self._directory = directory
        self._as_of = as_of
        self._found: dict[date, Mapping[str, Sequence[str]]] = {directory.now.refresh_date: {}}

    def on(self, day: date) -> Mapping[str, Sequence[str]]:
        """Return by id the address of that day, of those who have another one now.

        If the accounts of that day are not archived: that of the newest day before it, and else the one of now.
        """
        if day not in self._found:
            accounts = self._directory.accounts
            then = accounts.snapshots.until(self._directory.now.call, day, self._as_of)
            people = accounts.of(then) if then else iter(())
            is_of_day = then is not None and then.refresh_date == day
            self._found[day] = {
                before.id: (before.address,) if is_of_day else (before.address, now.address)
                for now, before in paired(self._directory.people(), people)
                if now and before and now.address != before.address
            }
        return self._found[day]


@lru_cache(maxsize=1024)  # people share them
def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
