"""A blob service that keeps what was written over or deleted, as Azure's does with versioning and soft delete.

Azurite knows neither: a delete of a version deletes the blob itself there. What is kept lies in this process.
https://learn.microsoft.com/azure/storage/blobs/versioning-overview, /azure/storage/blobs/soft-delete-blob-overview.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from xml.etree import ElementTree

from simulator.protocol.messages import Answer, Request
from tests.reliability.storage_proxy.operations import Operation
from tests.reliability.storage_proxy.proxy import FaultyStorage

SOFT_DELETE_DAYS = 30
_REPLACING = ("put_blob", "commit", "delete")
_OF_A_READER = ("authorization", "x-ms-version", "x-ms-date", "user-agent", "host")
_FRAMING = ("content-length", "transfer-encoding")


@dataclass
class Version:
    """What was a blob."""

    container: str
    name: str
    id: str
    content: bytes
    days_left: int | None = None
    """Of soft delete; None: it was not deleted."""


class VersionedStorage(FaultyStorage):
    """Storage with versioning and soft delete in front of one that has neither."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__(settings)
        self.versions: list[Version] = []
        """Older ones, those in soft delete too."""
        self._numbers = count(1)

    def wait(self, days: int) -> None:
        """Let so many days pass: soft delete lets go of what it kept for long enough."""
        for each in self.versions:
            each.days_left = None if each.days_left is None else each.days_left - days
        self.versions = [each for each in self.versions if each.days_left is None or each.days_left > 0]

    def _send(self, request: Request, operation: Operation) -> Answer:
        if operation.name == "delete_version":
            return self._delete(request, operation)
        if operation.name == "list" and "versions" in request.query.get("include", ""):
            return self._listed(request, operation)
        before = self._content(request) if operation.name in _REPLACING else None
        answer = super()._send(request, operation)
        if before is not None and answer.status in (201, 202):
            self.versions.append(Version(operation.container, operation.blob, self._new_id(), before))
        return answer

    def _new_id(self) -> str:
        return f"2026-11-29T12:00:00.{next(self._numbers):07}Z"

    def _content(self, request: Request) -> bytes | None:
        """Return the bytes of the blob that a request is about to replace; None if there is none."""
        sent = tuple(pair for pair in request.sent if pair[0].lower() in _OF_A_READER)
        answer = self._ask(replace(request, method="GET", target=request.path, body=b"", sent=sent))
        content = b"".join(answer.chunks)
        answer.close()
        return content if answer.status == 200 else None

    def _delete(self, request: Request, operation: Operation) -> Answer:
        at = operation.container, operation.blob, request.query["versionid"]
        for each in self.versions:
            if (each.container, each.name, each.id) == at and each.days_left is None:
                each.days_left = SOFT_DELETE_DAYS
                return Answer(202, (("Content-Length", "0"),))
        return Answer(404, (("x-ms-error-code", "BlobNotFound"), ("Content-Length", "0")))

    def _listed(self, request: Request, operation: Operation) -> Answer:
        """Return a listing with the versions that are asked for."""
        answer = self._ask(request)
        if answer.status != 200:
            return answer
        tree = ElementTree.fromstring(b"".join(answer.chunks))
        blobs = tree.find("Blobs")
        assert blobs is not None
        for current in blobs:
            ElementTree.SubElement(current, "VersionId").text = "2026-11-30T00:00:00.0000000Z"
            ElementTree.SubElement(current, "IsCurrentVersion").text = "true"
        with_deleted = "deleted" in request.query["include"]
        prefix = request.query.get("prefix", "")
        for each in self.versions:
            is_wanted = each.container == operation.container and each.name.startswith(prefix)
            if is_wanted and (with_deleted or each.days_left is None):
                blobs.append(_entry(each))
        headers = tuple(header for header in answer.headers if header[0].lower() not in _FRAMING)
        return replace(answer, headers=headers, body=ElementTree.tostring(tree, "utf-8", xml_declaration=True))


def _entry(version: Version) -> ElementTree.Element:
    entry = ElementTree.Element("Blob")
    facts = {"Name": version.name, "VersionId": version.id}
    facts |= {"Deleted": "true"} if version.days_left is not None else {}
    for name, text in facts.items():
        ElementTree.SubElement(entry, name).text = text
    properties = ElementTree.SubElement(entry, "Properties")
    of_blob = {"Content-Length": str(len(version.content)), "BlobType": "BlockBlob", "Etag": "0x1"}
    of_blob |= {"RemainingRetentionDays": str(version.days_left)} if version.days_left is not None else {}
    for name, text in of_blob.items():
        ElementTree.SubElement(properties, name).text = text
    return entry
