"""An archive for trials: put into any state, looked at blob by blob, and read as its readers do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.storage import empty
from shared.app import App
from shared.archive.layout import DERIVED, PERSONAL, QUARANTINE, USAGE
from shared.domain.call import Call
from shared.domain.catalogue import catalogue
from shared.settings import read
from shared.verification.snapshot import Named
from shared.web.http import Request, handle
from tests.reliability import checks as invariants
from tests.reliability.checks import Blobs, Kept


class Inspection:
    """All of a storage account. The identity of the platform must be in the environment."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Of the `settings` only those that say where storage is are used."""
        self.settings = {name: settings[name] for name in ("ARCHIVE_URL", "ARCHIVE_CA")}
        """The app settings that say where storage is."""
        self.now = datetime(2026, 11, 21, tzinfo=UTC)
        """The time in which its readers live."""
        url, ca = self.settings["ARCHIVE_URL"], self.settings["ARCHIVE_CA"]
        self._service = BlobServiceClient(url, ManagedIdentityCredential(), connection_verify=ca)
        self._reader = self._app()

    def restore(self, blobs: Blobs) -> None:
        """Let these be all that there is."""
        empty(self._service)
        for place in {place for place, _ in blobs}:
            self._service.create_container(place)
        for (place, name), kept in blobs.items():
            self._service.get_blob_client(place, name).upload_blob(kept.content, metadata=dict(kept.metadata))
        self._reader = self._app()

    def blobs(self) -> Blobs:
        """All that there is."""
        archive = self._reader.archive
        return {
            (place, name): Kept(stored.content, metadata, md5)
            for place in (USAGE, PERSONAL, DERIVED, QUARANTINE)
            for name, metadata, md5 in archive.store.list(place)
            if (stored := archive.store.get(place, name))
        }

    def serve(self, call: Call, it: Named | None) -> bytes | str:
        """What a reader gets for a snapshot, or for the newest of a call; text for anything but 200."""
        query = {"refreshDate": f"{it.refresh_date}", "revision": f"{it.revision}"} if it else {}
        respond = partial(self._reader.api.reports, personal=True)
        reply = handle(Request("GET", f"v1.0/reports/{call}", query), respond)
        return reply.body if reply.status == 200 else f"{reply.status} {reply.body.decode()}"

    def violated(self, before: Blobs, now: Blobs, log: str) -> list[str]:
        """What has to hold at every instant, and does not."""
        reports = catalogue()
        return [
            *invariants.readable(now, reports),
            *invariants.unchanged(before, now),
            *invariants.newest_is_highest(before, now, reports, self.serve),
            *invariants.each_body_once(now, reports),
            *invariants.sane(now, reports),
            *invariants.no_secret({"the log": log}, now),
            *invariants.served(before, reports, self.serve),
            *invariants.verified(now, reports, self.now),
        ]

    def _app(self) -> App:
        return App(read(self.settings), clock=lambda: self.now)
