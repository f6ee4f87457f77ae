"""Whoever was erased is kept out: who that is, as each pull of a personal report has to know before it asks."""

from __future__ import annotations

from collections.abc import Collection

from shared.archive.archive import Archive
from shared.archive.suppression import Suppression
from shared.domain.call import Call
from shared.domain.errors import ArchiveUnavailable, PullError
from shared.domain.outcome import Reason
from shared.views.erased import ErasedPeople


class Suppressing:
    """The people who must not come back. For threads."""

    def __init__(self, archive: Archive) -> None:
        self._snapshots = archive.snapshots
        self._suppression = Suppression(archive.store)
        self._last: ErasedPeople | None = None

    def people(self, call: Call) -> ErasedPeople | None:
        """Return who is to be left out of a call's body; None for nobody, as in all reports without people.

        Raise PullError if that cannot be known.
        """
        if not self._snapshots.is_personal(call):
            return None
        try:
            listed = self._suppression.read()
        except ArchiveUnavailable as error:
            raise PullError(Reason.SUPPRESSION_UNKNOWN, str(error)) from error
        if not listed or not listed.people:
            return None
        last = self._last
        people = ErasedPeople(self._snapshots, listed, last if last and last.listed == listed else None)
        self._last = people
        return people

    def learn(self, addresses: Collection[tuple[str, str]]) -> None:
        """Note addresses of people who were left out by their ids, so that they are known by these too.

        Raise ArchiveUnavailable.
        """
        if addresses:
            self._suppression.learn(addresses)
