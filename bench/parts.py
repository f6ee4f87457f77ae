"""What the questions stand on: the app served by a process of its own, and archives that are years old."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from bench.measure import Skipped
from local.azure_queue import SCOPE
from local.child import Child
from local.environment import environment, identity
from local.setup import ROOT
from local.stack import Stack
from shared.archive.layout import PERSONAL, USAGE
from shared.archive.snapshot import Snapshot, SnapshotMetadata
from shared.domain.call import Call, parse
from shared.domain.catalogue import catalogue as reports
from shared.report.validator import Body
from simulator import catalogue
from simulator.protocol import calls
from simulator.tenant.publication import Publication
from simulator.tenant.publication import Snapshot as Published
from simulator.tenant.tenant import Tenant

FORMER = "ef04d4f"
"""The commit before answers were bounded and no cost grew with age."""
TODAY = datetime(2026, 6, 17, 12, tzinfo=UTC)
FIVE_YEARS = 5 * 365


@contextmanager
def service(settings: Mapping[str, str]) -> Iterator[BlobServiceClient]:
    """The SDK alone, with the app's identity: what others would use."""
    with environment(identity(settings)):
        credential = ManagedIdentityCredential()
        ca = settings.get("ARCHIVE_CA") or True
        with BlobServiceClient(settings["ARCHIVE_URL"], credential, connection_verify=ca) as client, credential:
            yield client


def bearer() -> str:
    """Return a token for storage, by the identity of the environment."""
    token: str = ManagedIdentityCredential().get_token(SCOPE).token
    return token


def bare_headers() -> dict[str, str]:
    """Return what a request to blob storage takes without the SDK, by the identity of the environment."""
    return {"Authorization": f"Bearer {bearer()}", "x-ms-version": "2023-11-03"}


@contextmanager
def served(
    directory: Path, settings: Mapping[str, str], now: datetime | None = None
) -> Iterator[tuple[str, dict[str, str]]]:
    """The functions in that directory under the Functions runtime, in a process of its own: its URL and keys.

    Those of this checkout can be told when it is `now`.
    """
    with environment(settings):
        command = [sys.executable, "-m", "bench.serve", str(directory), *([now.isoformat()] if now else [])]
        child = Child("The host", command, lambda line: json.loads(line) if line.startswith("{") else None, cwd=ROOT)
    try:
        told = child.announcement()
        yield told["url"], told["keys"]
    finally:
        child.stop()


@contextmanager
def aged(*ages: int) -> Iterator[list[dict[str, str]]]:
    """The settings of an app for an archive of every call that is so many days old, for each of these ages."""
    command = [sys.executable, "-m", "bench.listing", *map(str, ages)]
    storage = Child("Storage", command, json.loads, cwd=ROOT)
    try:
        told = storage.announcement()
        with Stack() as stack:
            settings = stack.settings | {"ARCHIVE_CA": told["ca_file"], "REPORTS": "all"}
            yield [settings | {"ARCHIVE_URL": f"{told['url']}/{days}"} for days in ages]
    finally:
        storage.stop()


def former_build(folder: Path, commit: str = FORMER) -> Path:
    """Lay the files of a commit into a folder. Raises Skipped where the commit is not there."""
    done = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise Skipped(f"there is no commit {commit} to hold it against")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def call(text: str) -> Call:
    """As the app has it."""
    return parse(text, reports())


def days(number: int, last: date) -> list[date]:
    """So many days, oldest first."""
    return [last - timedelta(days=back) for back in reversed(range(number))]


def bodies(text: str, when: Iterable[date], users: int = 1000) -> Iterator[tuple[date, bytes]]:
    """What Graph would have sent for a call with each of those refresh dates."""
    publication = Publication(Tenant(users, 1))
    asked = calls.parse(f"/v1.0/reports/{text}", catalogue.read(catalogue.DEFAULT_PATH))
    for day in when:
        yield day, b"".join(publication.chunks(Published(asked, day)))


def fill(client: BlobServiceClient, text: str, known: Iterable[tuple[date, bytes]]) -> None:
    """Archive those bodies as the app would have done two days after each refresh date."""
    asked = call(text)
    personal = reports().reports[asked.report].personal_data
    container = client.get_container_client(PERSONAL if personal else USAGE)
    if not container.exists():
        container.create_container()

    def put(one: tuple[date, bytes]) -> None:
        day, body = one
        snapshot, content = archived(asked, day, body)
        container.upload_blob(snapshot.blob, content, metadata=snapshot.metadata.to_metadata())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, known))


def archived(asked: Call, day: date, body: bytes) -> tuple[Snapshot, bytes]:
    """The snapshot of a body, and its bytes as stored."""
    found = Body()
    found.read([body])
    packer = zlib.compressobj(wbits=31)
    content = packer.compress(body) + packer.flush()
    pulled = datetime(day.year, day.month, day.day, 7, tzinfo=UTC) + timedelta(days=2)
    origin = SnapshotMetadata(
        found.sha256,
        found.size,
        found.rows,
        pulled,
        f'"{day}"',
        "",
        found.content,
        found.names,
        columns=tuple(found.header),
        blank=tuple(found.blank),
        gzip_sha256=hashlib.sha256(content).hexdigest(),
        gzip_size=len(content),
    )
    return Snapshot(asked, day, 1, origin), content
