"""Storage through the proxy is storage as it is, until a rule says otherwise."""

from __future__ import annotations

import gc
import random
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
from azure.core.exceptions import AzureError, HttpResponseError
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient, ContainerClient

from local.stack import Stack
from tests.reliability.storage_proxy import FAULTS, FaultyStorage, Operation

NAME = "report=x/refresh_date=2026-11-18/a b+%C3%A9/ü.csv.gz"


@pytest.fixture
def faulty(stack: Stack) -> Iterator[FaultyStorage]:
    with FaultyStorage(stack.settings) as running:
        yield running


@pytest.fixture
def container(faulty: FaultyStorage, blobs: BlobServiceClient) -> Iterator[ContainerClient]:
    """An empty container, seen through the proxy by a client that tries once."""
    name = "faulty"
    blobs.create_container(name)
    options: dict[str, Any] = {"retry_total": 0, "max_single_put_size": 1 << 20, "max_block_size": 1 << 20}
    with (
        ManagedIdentityCredential() as credential,
        BlobServiceClient(faulty.url, credential, connection_verify=str(faulty.ca_file), **options) as service,
    ):
        yield service.get_container_client(name)
    blobs.delete_container(name)


@pytest.fixture
def true(container: ContainerClient, blobs: BlobServiceClient) -> ContainerClient:
    """The same container without the proxy."""
    return blobs.get_container_client(container.container_name)


@pytest.fixture
def bearer(stack: Stack) -> dict[str, str]:
    """Headers for a client without the SDK."""
    with ManagedIdentityCredential() as credential:
        token = credential.get_token("https://storage.azure.com/.default").token
    return {"Authorization": f"Bearer {token}", "x-ms-version": "2021-12-02"}


def names(container: ContainerClient, **options: Any) -> list[str]:
    return [blob.name for blob in container.list_blobs(**options)]


def seen(faulty: FaultyStorage) -> list[str]:
    return [operation.name for operation in faulty.seen]


def test_ten_megabytes_in_blocks_arrive_byte_by_byte(
    faulty: FaultyStorage, container: ContainerClient, true: ContainerClient
) -> None:
    content = random.Random(1).randbytes(10 << 20)
    container.upload_blob(NAME, content, metadata={"sha256": "x", "Mixed_Case": "y"}, max_concurrency=4)
    assert true.download_blob(NAME).readall() == content
    assert container.download_blob(NAME, max_concurrency=4).readall() == content
    assert seen(faulty)[:11] == ["put_block"] * 10 + ["commit"]
    assert set(seen(faulty)[11:]) == {"get"}
    assert [operation.number for operation in faulty.seen] == list(range(1, len(faulty.seen) + 1))
    assert {operation.blob for operation in faulty.seen} == {NAME}
    assert str(faulty.seen[10]) == f"11 commit {container.container_name}/{NAME}"
    assert true.get_blob_client(NAME).get_blob_properties().metadata == {"sha256": "x", "Mixed_Case": "y"}


def test_answers_are_those_of_the_service(
    stack: Stack, faulty: FaultyStorage, container: ContainerClient, true: ContainerClient, bearer: dict[str, str]
) -> None:
    true.upload_blob("a/b", b"content")
    requested = [
        *(("GET", "/a/b", {}), ("HEAD", "/a/b", {}), ("GET", "/a/b", {"Range": "bytes=2-4"})),
        *(("GET", "/a/b", {"If-None-Match": "*"}), ("GET", "/none", {}), ("HEAD", "/none", {})),
        *(("GET", "?restype=container&comp=list&delimiter=/", {}), ("HEAD", "?restype=container", {})),
        *(("PUT", "/a/b", {"If-None-Match": "*", "x-ms-blob-type": "BlockBlob"}), ("GET", "?comp=nothing", {})),
    ]
    with requests.Session() as session:
        for method, path, more in requested:
            answers = []
            for url, ca in (
                (stack.settings["ARCHIVE_URL"], stack.settings["ARCHIVE_CA"]),
                (faulty.url, faulty.ca_file),
            ):
                answer = session.request(method, f"{url}/faulty{path}", headers=bearer | more, verify=str(ca))
                varying = {"date", "x-ms-request-id", "connection", "keep-alive"}
                body = answer.content.replace(url.encode(), b"").partition(b"RequestId:")[0]
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in varying}
                if url.encode() in answer.content:
                    kept.pop("Content-Length", None)
                answers.append((answer.status_code, answer.reason, kept, body))
            assert answers[0] == answers[1]


REFUSALS = {name: fault.args for name, fault in FAULTS.items() if "code" in fault.args}


@pytest.mark.parametrize("fault", REFUSALS)
def test_refusal_comes_before_anything_is_sent(
    faulty: FaultyStorage, container: ContainerClient, true: ContainerClient, fault: str
) -> None:
    faulty.set([{"fault": fault}])
    with pytest.raises(HttpResponseError) as refused:
        container.upload_blob("x", b"1", overwrite=True)
    error: Any = refused.value
    assert (error.status_code, error.error_code) == (REFUSALS[fault]["status"], REFUSALS[fault]["code"])
    assert names(true) == []
    container.upload_blob("x", b"1")
    assert seen(faulty) == ["put_blob", "put_blob"]


def test_refusal_of_a_head_has_its_code(faulty: FaultyStorage, container: ContainerClient) -> None:
    faulty.set([{"fault": "no_permission", "match": {"operation": "head"}}])
    with pytest.raises(HttpResponseError) as refused:
        container.get_blob_client("x").get_blob_properties()
    error: Any = refused.value
    assert error.error_code == "AuthorizationPermissionMismatch"


@pytest.mark.parametrize(
    ("fault", "args", "happened"),
    [
        ("reset", {}, False),
        ("lost_answer", {}, True),
        ("hang", {}, False),
        ("hang", {"sent": True}, True),
        ("delay", {}, True),
    ],
)
@pytest.mark.parametrize("operation", ["put_block", "commit"])
def test_no_answer_with_or_without_effect(
    faulty: FaultyStorage, container: ContainerClient, true: ContainerClient,
    operation: str, fault: str, args: dict[str, Any], happened: bool,
) -> None:  # fmt: skip
    faulty.set([{"fault": fault, "match": {"operation": operation}, "args": args}])
    blob = container.get_blob_client("x")
    with pytest.raises(AzureError):  # noqa: PT012
        blob.stage_block("AAAA", b"1", read_timeout=0.3)
        blob.commit_block_list([], read_timeout=0.3)
    if operation == "commit":
        assert names(true) == (["x"] if happened else [])
    else:
        committed, staged = true.get_blob_client("x").get_block_list("all") if happened else ([], [])
        assert ([block.id for block in staged], committed) == (["AAAA"] if happened else [], [])


@pytest.mark.parametrize("at", [0, 5])
def test_answer_that_is_cut(
    faulty: FaultyStorage, container: ContainerClient, true: ContainerClient, bearer: dict[str, str], at: int
) -> None:
    true.upload_blob("x", b"0123456789")
    faulty.set([{"fault": "cut", "args": {"at": at}}])
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=rf"{at} bytes read, {10 - at} more expected"):
        requests.get(f"{faulty.url}/faulty/x", headers=bearer, verify=str(faulty.ca_file))
    assert container.download_blob("x").readall() == b"0123456789"


@pytest.mark.parametrize("at", [0, 9])
def test_answer_with_another_byte(
    faulty: FaultyStorage, container: ContainerClient, true: ContainerClient, at: int
) -> None:
    true.upload_blob("x", bytes(10))
    faulty.set([{"fault": "flip", "args": {"at": at}}])
    assert container.download_blob("x").readall() == bytes(at) + b"\x01" + bytes(9 - at)
    assert container.download_blob("x").readall() == bytes(10)


def test_list_without_the_newest(faulty: FaultyStorage, container: ContainerClient, true: ContainerClient) -> None:
    for name in ("a/1", "a/2", "b/1", "b/2", "c/1"):
        container.upload_blob(name, b"")
    container.upload_blob("a/1", b"again", overwrite=True)
    faulty.set([{"fault": "stale_list", "times": None, "args": {"newest": 2}}])
    assert names(container) == ["a/1", "a/2", "b/1"]
    assert names(container, name_starts_with="b") == ["b/1"]
    assert [item.name for item in container.walk_blobs()] == ["a/", "b/"]
    assert container.download_blob("c/1").readall() == b""
    faulty.set([])
    assert names(container) == names(true)


def test_rules_match_operation_container_and_blob(faulty: FaultyStorage, container: ContainerClient) -> None:
    faulty.set([{"fault": "busy", "match": {"container": "faulty", "blob": "b*", "method": "PUT"}, "nth": 2}])
    for name in ("a", "b1"):
        container.upload_blob(name, b"")
    with pytest.raises(HttpResponseError):
        container.upload_blob("b2", b"")
    assert faulty.rules.shown()["rules"][0]["hits"] == 1
    with pytest.raises(ValueError, match="listener"):
        faulty.set([{"fault": "busy", "match": {"listener": "graph"}}])


def test_no_connection_is_left_open_by_an_answer_that_comes_after_its_end(stack: Stack) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        end_before_an_answer(stack)
        gc.collect()
    assert [str(each.message) for each in caught] == []


def end_before_an_answer(stack: Stack) -> None:
    reached, over = threading.Event(), threading.Event()

    def wait(operation: Operation) -> None:
        reached.set()
        over.wait(30)

    def ask(storage: FaultyStorage) -> None:
        with suppress(requests.RequestException):
            requests.get(f"{storage.url}/faulty/x", verify=str(storage.ca_file), timeout=30)

    others = set(threading.enumerate())
    with FaultyStorage(stack.settings) as storage:
        storage.after = wait
        threading.Thread(target=ask, args=[storage]).start()
        assert reached.wait(30)
    over.set()
    for each in set(threading.enumerate()) - others:
        each.join(30)
