"""What must hold of an archive when everything was healed for a while: nothing is lacking, nothing is called wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from datetime import date, timedelta

from local.in_memory import KeptBlob
from shared.archive.layout import DERIVED, PERSONAL_DERIVED
from shared.domain.call import Call
from shared.verification.finding import Finding, FindingCode
from tests.reliability import checks
from tests.reliability.checks import At, is_readable, revision_of
from tests.reliability.environment import Environment
from tests.reliability.oracle import CallDay
from tests.reliability.schedule import Schedule
from tests.reliability.worlds.hands import FOREIGN
from tests.reliability.worlds.truth import newest_revisions

_DAY = re.compile(r"report=\w+/period=[\w-]+(?:/refresh_date=[\d-]{10})?")
"""Where all revisions of a day lie, or (without one) all that is made of a call."""


def lacking(environment: Environment, schedule: Schedule, calls: Iterable[Call], daily: Iterable[str]) -> list[str]:
    """I13: return what Graph gives now of these calls and of single days, and the archive does not hold as its newest.

    A single day that is settled is not asked for again if somebody else made its snapshots unreadable: its name is
    there, and `verify` tells.
    """
    newest, broken = newest_revisions(environment.seen), []
    named = {CallDay(*each[:2]) for each in map(revision_of, environment.seen) if each}
    for call in calls:
        now = schedule.expected(call)
        there = newest.get(CallDay(call, date.fromisoformat(now["refresh_date"])))
        if there != now["sha256"] and now["rows"]:
            broken.append(f"I13: {call} of {now['refresh_date']} is healed, and {there or 'nothing'} is the newest")
    today = environment.control.now().date()
    for report in daily:
        last = schedule.visible(report) - timedelta(days=1)
        for day in (last - timedelta(days=number) for number in range((last - today).days + 28)):
            call = Call(report, date=day)
            if CallDay(call, day) not in named and not schedule.is_empty(call):
                broken.append(f"I13: {call} is not archived")
    return broken


def unfound(environment: Environment, *, were_clocks_wrong: bool) -> list[str]:
    """I10: return what `verify` does not tell of what others wrote, and what it tells without that.

    What is pulled by a clock that is behind another's is out of order, and nobody can know better.
    """
    seen, by_hand = environment.seen, environment.by_hand
    found = checks.findings(seen, environment.control.now() + timedelta(hours=2))
    named = {(each.container, each.name) for each in found}
    touched = {place for at in by_hand for place in _places(at[1])}
    unnamed = [at for at in sorted(by_hand & seen.keys() - named) if _is_odd(at, seen[at])]
    unasked = [each for each in found if (each.container, each.name) not in by_hand and not _follows(each, touched)]
    return [
        *(f"I10: verify does not name {'/'.join(at)}" for at in unnamed),
        *(f"I10: {each}" for each in unasked if not (were_clocks_wrong and each.code is FindingCode.OUT_OF_ORDER)),
    ]


def _follows(finding: Finding, touched: Set[str]) -> bool:
    """Whether something is wrong because of what somebody else wrote: of the same day, or it is made of that call."""
    if finding.code is FindingCode.MANIFEST_DIFFERS:  # it is made of all calls of a report
        return any(place.startswith(finding.name.split("/")[1] + "/") for place in touched)
    places = _places(finding.name) or _places(finding.detail)
    return any(place in touched for place in (places[-1:] if finding.container != DERIVED else places))


def _places(text: str) -> list[str]:
    """Return the partition that a text names, and its day if there is one."""
    match = _DAY.search(text)
    return sorted({match[0].partition("/refresh_date=")[0], match[0]}) if match else []


def _is_odd(at: At, blob: KeptBlob) -> bool:
    """Whether a blob is foreign, or a snapshot or quarantined body that is not as it was written."""
    if at[0] in (DERIVED, PERSONAL_DERIVED):
        return any(part in at[1] for part in FOREIGN)
    return not revision_of(at) or not is_readable(blob) or checks.answers(blob, is_new=True) == [checks.DAMAGED]
