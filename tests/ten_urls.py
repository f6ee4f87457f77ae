"""Ten URLs that whatever host serves the app is asked, each for what hosts differ in.

`python -m tests.ten_urls http://127.0.0.1:7071/api` prints how each was answered. The first begins a run through the
queue of the host, and is waited for. The environment variable USAGE_ARCHIVE_KEY may hold a host key; `func start` wants
none.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator

import requests

from local.parsers import KEY

CSV = "v1.0/reports/getOffice365ServicesUserCounts(period='D7')"
PERSONAL = "personal/v1.0/reports/getOffice365ActiveUserDetail(period='D7')"
PATIENCE = 600.0
"""Seconds that the first run may take."""

Answer = requests.Response
Check = Callable[[Answer], bool]


def is_report(answer: Answer) -> bool:
    return answer.text.removeprefix("\ufeff").startswith("Report Refresh Date,")


def ask(url: str, key: str = "", patience: float = PATIENCE) -> Iterator[tuple[str, bool]]:
    """Give what was asked and how it was answered, and whether that is right."""
    session = requests.Session()
    session.headers["x-functions-key"] = key

    def tried(method: str, path: str, status: int, check: Check, **headers: str) -> tuple[str, bool]:
        answer = session.request(method, f"{url}/{path}", headers=headers, timeout=60)
        return f"{answer.status_code} {method} {path}", answer.status_code == status and check(answer)

    yield tried("POST", "pull", 202, lambda answer: answer.json()["state"] in ("queued", "running"))
    end = time.monotonic() + patience
    while session.get(f"{url}/health", timeout=60).text != "healthy" and time.monotonic() < end:
        time.sleep(1)
    yield tried("GET", "health", 200, lambda answer: answer.text == "healthy")
    yield tried("GET", "dashboard", 200, lambda answer: answer.headers["Content-Type"].startswith("text/html"))
    yield tried("GET", "status", 200, lambda answer: bool(answer.json()["calls"]))
    yield tried("GET", "v1.0/reports", 200, lambda answer: bool(answer.json()["value"]))
    gzipped = {"Accept-Encoding": "gzip"}
    yield tried("GET", CSV, 200, lambda it: is_report(it) and it.headers["Content-Encoding"] == "gzip", **gzipped)
    known = {"If-None-Match": session.get(f"{url}/{CSV}", timeout=60).headers.get("ETag", "")}
    yield tried("GET", CSV, 304, lambda answer: not answer.content, **known)
    yield tried("HEAD", CSV, 200, lambda answer: int(answer.headers["Content-Length"]) > 0)
    yield tried("GET", PERSONAL, 200, is_report)
    yield tried("DELETE", CSV, 405, lambda answer: "GET" in answer.headers["Allow"])


def main(url: str) -> int:
    """Print a line for each. Return the exit status: 1 if one is not as it should be."""
    found = []
    for said, is_right in ask(url.rstrip("/"), os.environ.get(KEY, "")):
        print("ok  " if is_right else "FAIL", said, flush=True)
        found.append(is_right)
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
