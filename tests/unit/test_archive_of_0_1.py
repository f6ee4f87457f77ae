"""An archive that version 0.1 wrote, with foreign blobs in it, is read, verified and gone on with as before.

`tests/data/archive-0.1` has it, with what 0.1 itself answered and found; `make.py` there tells how it came to be.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from local.in_memory import InMemoryBlobStore
from shared import __version__
from shared.app import App
from shared.archive.layout import COVERAGE, DERIVED
from shared.domain.catalogue import catalogue
from shared.settings import read
from shared.verification.archive import everything, verify
from shared.web.http import Request, Response, handle
from tests.shelf import OF_0_1, archive_of_0_1

EXPECTED = json.loads((OF_0_1 / "answers.json").read_text("utf-8"))
REQUEST = ("function", "method", "path", "query", "headers")
CLOCK = datetime.fromisoformat(EXPECTED["clock"])

REWORDED = {
    "No tag in If-Match is that of what is there now.": "If-Match does not match the current ETag.",
    "There is no parameter 'since' here; there are ": "Unknown parameter 'since'. Allowed: ",
    "period, date, version, refreshDate": "period, date, version, reportType, refreshDate",
    "2026-10-18: Microsoft did not publish it": "2026-10-18: Graph had no rows of it so far, and is asked again",
    "2026-10-22: it was not pulled in time": "2026-10-22: it was not pulled yet, and Graph can still be asked for it",
}
"""What 0.1 said to people, and what is said since."""
REFILED = ("runs/2026-10/2026-10-19T071500Z-305c0d (copy).json", "runs/2026-11/README.md", "notes.txt")
"""What 0.1 took for a damaged record or body, and what has no name of the app."""


def since(expected: dict[str, Any]) -> dict[str, Any]:
    """Return an answer of 0.1 as it is on purpose since then, for the sake of clients."""
    headers = expected["answer_headers"]
    if "Link" in headers:
        # Each relation has a link of its own, as many clients find none that shares one.
        separate = r'<\1>; rel="original", <\1>; rel="timegate", <\1>; rel="latest-version"'
        link = re.sub('<([^>]+)>; rel="original timegate latest-version"', separate, headers["Link"])
        expected = expected | {"answer_headers": headers | {"Link": link}}
    if expected["headers"] in ({"accept": "application/json"}, {"accept": "image/png"}):
        # Accept does not choose the form of a snapshot on v1.0, where Graph does not look at it either.
        csv = expected | {"headers": {"accept": "application/octet-stream, application/json"}}
        (same,) = (each for each in EXPECTED["answers"] if all(each[name] == csv[name] for name in REQUEST))
        return since(same)
    if expected["status"] == 304:
        headers = {name: value for name, value in expected["answer_headers"].items() if name != "Content-Type"}
        return expected | {"answer_headers": headers}
    if expected["status"] < 400:
        if expected["function"] == "status" and "text/csv" in headers["Content-Type"]:
            return since_then_expected(expected)
        if expected["path"].endswith("/series") and "Detail" in expected["path"]:
            # The ETag names the snapshots that the answer is made of, so that conditions are told before it is made.
            headers = {name: value for name, value in expected["answer_headers"].items() if name != "ETag"}
            return expected | {"answer_headers": headers}
        return expected
    # Errors have Graph's own member too, as JSON that every client reads.
    document = json.loads(reworded(expected["text"]))
    if "no rows of it so far" in document["detail"]:
        # Graph can still be asked for that day, so it is not called never published.
        document |= {"title": "Not pulled", "code": "not_pulled"}
    error = {"code": document["code"], "message": document["detail"]}
    text = json.dumps(document | {"error": error})
    headers = {"Content-Length": str(len(text)), "Content-Type": "application/json"}
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return expected | {"text": text, "sha256": sha256, "answer_headers": expected["answer_headers"] | headers}


def since_then_expected(expected: dict[str, Any]) -> dict[str, Any]:
    """Return the status as a table, in which a single day is missing only after its own time: not the 10th of November.

    Of the compressed one only the tag was kept.
    """
    as_csv = ("status", {"format": "csv"})
    (plain,) = (each["text"] for each in EXPECTED["answers"] if (each["function"], each["query"]) == as_csv)
    text = plain.replace("10ddd4,2,2,named", "10ddd4,1,2,named").encode()
    digest, headers = hashlib.sha256(text), dict(expected["answer_headers"])
    if "Content-Encoding" in headers:
        return expected | {"answer_headers": headers | {"ETag": f'"{digest.hexdigest()}-gzip"'}}
    headers |= {"ETag": f'"{digest.hexdigest()}"'}
    headers |= {"Repr-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"}
    return expected | {"text": text.decode(), "sha256": digest.hexdigest(), "answer_headers": headers}


def as_before(response: Response) -> Response:
    """Return an answer as 0.1 gave it, if only its digest was kept.

    It called an empty single day never published while Graph could be asked, put two relations into one link, and knew
    no single days of SharePoint's API usage. What the status has since is left out: what there is to do, how each call
    stands, when the next run begins, and the days that come by themselves.
    """
    body = without_news(response.body).replace(b'"state": "empty"', b'"state": "never_published"')
    body = re.sub(rb'(<[^>]+>; rel="original)",\n<[^>]+>; rel="timegate"', rb'\1 timegate"', body)
    body = re.sub(rb'("name": "getSharePointApiUsage",[^{}]*"days": )true', rb"\1false", body)
    if body == response.body:
        return response
    digest = hashlib.sha256(body)
    headers = {
        "Content-Length": str(len(body)),
        "ETag": f'"{digest.hexdigest()}"',
        "Repr-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:",
    }
    return Response(response.status, {**response.headers, **headers}, body)


def without_news(body: bytes) -> bytes:
    """Return an answer without the keys that it has since: of the list of reports, and of `/status`."""
    body = re.sub(rb'("name": "\w+", )"title": "[^"]+", ', rb"\1", body)
    body = re.sub(rb'"aggregate": "\w+", ', b"", body)
    if not body.startswith(b'{"at": '):
        return body
    status = json.loads(body)
    for name in ("state", "problems", "nextRun"):
        del status[name]
    for call in status["calls"]:
        del call["state"], call["waiting"]
        if call["call"].endswith("(date)"):  # as it was not expected yet
            gap = {"first": "2026-11-10", "last": "2026-11-10", "days": 1, "state": "recoverable"}
            call["gaps"].append(gap | {"recoverableUntil": "2026-12-07"})
            call["missing"] += 1
    return json.dumps(status).encode()


def reworded(text: str) -> str:
    for before, now in REWORDED.items():
        text = text.replace(before, now)
    return text


@pytest.fixture(scope="module")
def store() -> InMemoryBlobStore:
    """The archive, every blob as it was stored."""
    store = InMemoryBlobStore()
    for (container, name), (content, metadata) in archive_of_0_1().items():
        store.put(container, name, content, metadata)
    return store


@pytest.fixture(scope="module")
def app(store: InMemoryBlobStore) -> App:
    settings = read({"ARCHIVE_URL": "https://nowhere.invalid", "REPORTS": EXPECTED["reports"]})
    return App(settings, store=store, clock=lambda: CLOCK)


@pytest.mark.parametrize(
    "expected",
    EXPECTED["answers"],
    ids=lambda each: " ".join(str(each[name]) for name in REQUEST),
)
def test_every_url_answers_as_before(app: App, expected: dict[str, Any]) -> None:
    functions: dict[str, Callable[[Request], Response]] = {
        "reports": lambda request: app.api.reports(request, personal=False),
        "personal_reports": lambda request: app.api.reports(request, personal=True),
        "status": app.api.status,
        "health": lambda request: app.api.health(),
    }
    request = Request(*(expected[name] for name in REQUEST[1:]))
    response = as_before(handle(request, functions[expected["function"]]))
    expected = since(expected)
    headers = dict(expected["answer_headers"])
    headers["ETag"] = headers.get("ETag", "").replace(EXPECTED["version"], __version__)
    given = {"ETag": ""} | dict(response.headers)
    if not headers["ETag"] and len(given["ETag"].strip('"').removesuffix("-gzip")) == 64:
        del headers["ETag"], given["ETag"]
    sha256 = hashlib.sha256(response.body).hexdigest()
    if headers.get("Content-Encoding") == "gzip" and not request.path.endswith(")"):
        # Compressed for this answer: another zlib gives other bytes.
        for name in ("Content-Length", "Repr-Digest"):
            headers.pop(name), given.pop(name)
        sha256 = expected["sha256"]
    assert response.status == expected["status"]
    assert given == headers
    assert (sha256, response.body.decode(errors="replace")) == (
        expected["sha256"],
        expected.get("text", response.body.decode(errors="replace")),
    )


def test_reading_changed_no_blob(app: App, store: InMemoryBlobStore) -> None:
    stored = {at: (kept.content, dict(kept.metadata)) for at, kept in store.blobs.items()}
    # Whoever finds no coverage index makes one: that is no part of what is archived.
    del stored[DERIVED, COVERAGE]
    assert stored == archive_of_0_1()


def test_verify_finds_the_foreign_blobs_and_nothing_else(store: InMemoryBlobStore) -> None:
    findings = verify([*everything(store)], catalogue(), CLOCK)
    assert sorted(
        (
            {"container": each.container, "blob": each.name, "code": each.code, "detail": each.detail}
            for each in findings
        ),
        key=lambda each: (each["container"], each["blob"], each["code"]),
    ) == [refiled(each) for each in json.loads((OF_0_1 / "findings.json").read_text("utf-8"))["findings"]]


def refiled(finding: dict[str, str]) -> dict[str, str]:
    """Return a finding of 0.1 as it is since."""
    unknown = {"code": "unknown_blob", "detail": "The app writes no blob of that name."}
    return finding | (unknown if finding["blob"] in REFILED else {})
