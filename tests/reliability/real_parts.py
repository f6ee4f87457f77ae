"""The real parts: Azurite behind a proxy, the SDKs of Azure, and the simulator over HTTP."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Self

from azure.core.exceptions import ResourceExistsError
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobProperties, BlobServiceClient

from local.environment import environment, identity
from local.in_memory import InMemoryBlobStore, KeptBlob
from local.simulator_client import Control
from local.stack import Stack
from local.storage import empty
from shared.app import App
from shared.archive.azure_blob_store import AzureBlobStore
from shared.archive.blob_requests import StorageTimeouts
from shared.archive.blob_store import BlobStore
from shared.archive.layout import CONTAINERS
from shared.graph.bearer import Bearer
from shared.graph.client import GraphClient
from shared.graph.session import LIMITS, Limits
from shared.identity import READ_SECONDS, RUN_TOKEN_BACKOFF, ManagedIdentity
from shared.settings import read
from tests.reliability.checks import At, Blobs
from tests.reliability.environment import BLOCK, Environment, InMemory
from tests.reliability.storage_proxy import FaultyStorage

AT_ONCE = StorageTimeouts(backoff=0)
"""An operation is tried again without a pause."""


class RealParts(Environment):
    """The real parts, which hold nothing else. Their identity must be in the environment of the process."""

    def __init__(self, settings: Mapping[str, str], control: Control) -> None:
        """`settings` are those of the app beside these parts."""
        super().__init__()
        self._true_settings = settings
        self._cached: dict[At, KeptBlob] = {}
        url, ca = settings["ARCHIVE_URL"], settings["ARCHIVE_CA"]
        self._service = BlobServiceClient(url, ManagedIdentityCredential(), connection_verify=ca)
        self._proxy = self.storage = FaultyStorage(settings)
        self.control = control
        self.secret = settings["IDENTITY_HEADER"]

    def __enter__(self) -> Self:
        self._proxy.__enter__()
        self.settings = {**self._true_settings, **self._proxy.settings}
        """Those of an app whose operations on storage are seen and disturbed."""
        self._store, self._true_store = (self._new_store(each) for each in (self.settings, self._true_settings))
        return super().__enter__()

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._proxy.__exit__()
        self._service.close()

    def app(
        self,
        reports: str = "aggregates",
        *,
        ahead: timedelta = timedelta(0),
        fresh: bool = False,
        limits: Limits = LIMITS,
        token_seconds: float = READ_SECONDS,
        **settings: str,
    ) -> App:
        """Return the app as in a new process; it keeps the connections to storage unless it is `fresh`."""
        wanted = {**self.settings, "REPORTS": reports, **settings}
        store = self._new_store(wanted) if fresh else self._store
        return app_of(wanted, self.control, store, ahead=ahead, limits=limits, token_seconds=token_seconds)

    def _new_reader(self) -> App:
        return app_of(self._true_settings, self.control, self._true_store)

    def _new_store(self, settings: Mapping[str, str]) -> BlobStore:
        return store_of(settings, self.control)

    def blobs(self, anew: bool = False) -> Blobs:
        cached, self._cached = {} if anew else self._cached, {}
        for at, blob in self._listed():
            kept, metadata = cached.get(at), blob.metadata or {}
            if not kept or (kept.metadata, kept.etag) != (metadata, blob.etag):
                content = self._service.get_blob_client(*at).download_blob().readall()
                kept = KeptBlob(content, metadata, blob.etag, _md5(blob))
            self._cached[at] = kept
        return self._cached

    def _restore(self, blobs: Blobs) -> Blobs:
        empty(self._service)
        for container in {container for container, _ in blobs}:
            self._service.create_container(container)
        for at, blob in blobs.items():
            self._service.get_blob_client(*at).upload_blob(blob.content, metadata=dict(blob.metadata))
        self._cached = {at: blobs[at]._replace(etag=blob.etag, md5=_md5(blob)) for at, blob in self._listed()}
        return self._cached

    def _put(self, at: At, content: bytes, metadata: Mapping[str, str]) -> None:
        with suppress(ResourceExistsError):
            self._service.create_container(at[0])
        self._service.get_blob_client(*at).upload_blob(content, metadata=dict(metadata), overwrite=True)

    def _remove(self, at: At) -> None:
        self._service.get_blob_client(*at).delete_blob()

    def _listed(self) -> Iterator[tuple[At, BlobProperties]]:
        there = {container.name for container in self._service.list_containers()}
        for container in there & set(CONTAINERS):
            for blob in self._service.get_container_client(container).list_blobs(include=["metadata"]):
                yield (container, blob.name), blob


class RealGraph(InMemory):
    """Identity, Graph and downloads over HTTP; storage is memory."""

    def __init__(self, settings: Mapping[str, str], control: Control, beside: InMemory | None = None) -> None:
        """`settings` are those of the app beside these parts, `beside` is another that sees the same blobs."""
        super().__init__(control, beside)
        self._settings = settings
        self.secret = settings["IDENTITY_HEADER"]

    def _app(self, store: InMemoryBlobStore, reports: str, ahead: timedelta = timedelta(0)) -> App:
        wanted = {**self._settings, "REPORTS": reports}
        return app_of(wanted, self.control, store, ahead=ahead, random=self.random.uniform)


def store_of(
    settings: Mapping[str, str],
    control: Control,
    token_seconds: float = READ_SECONDS,
    timeouts: StorageTimeouts = AT_ONCE,
) -> BlobStore:
    """Return the storage that these settings name; its waits for a token pass in the simulator's time."""
    credential = ManagedIdentity(None, RUN_TOKEN_BACKOFF, control.sleep, token_seconds)
    return AzureBlobStore(settings["ARCHIVE_URL"], credential, settings["ARCHIVE_CA"], timeouts, control.now)


def app_of(
    settings: Mapping[str, str],
    control: Control,
    store: BlobStore,
    *,
    limits: Limits = LIMITS,
    token_seconds: float = READ_SECONDS,
    block: int = BLOCK,
    ahead: timedelta = timedelta(0),
    random: Callable[[float, float], float] = random.uniform,
) -> App:
    """Return the app with that patience and jitter of its waits, whose clock is `ahead` of the simulator's time."""
    wanted = read(settings)
    credential = partial(ManagedIdentity, None, RUN_TOKEN_BACKOFF, control.sleep, token_seconds)
    bearer = Bearer(credential, wanted.graph_endpoint)
    graph = GraphClient(wanted.graph_endpoint, bearer, wanted.download_origins, limits)
    return App(
        wanted,
        store=store,
        graph=graph,
        clock=lambda: control.now() + ahead,
        sleep=control.sleep,
        random=random,
        block=block,
    )


@contextmanager
def started(users: int) -> Iterator[Stack]:
    """Start the real parts, with their identity in the environment of this process."""
    # Azurite looks for garbage after ten minutes and does nothing else meanwhile, so what takes long starts them anew.
    with Stack(users=users) as stack, environment(identity(stack.settings)):
        yield stack


def _md5(blob: BlobProperties) -> bytes | None:
    md5 = blob.content_settings.content_md5
    return bytes(md5) if md5 else None
