"""The stack gives the app all it needs, and ends with the process that started it."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from local.lock import LockedError
from local.setup import ROOT
from local.stack import Stack
from shared import settings
from shared.app import App
from shared.archive.layout import USAGE

HOLDER = """
import json, sys
from local.stack import Stack
with Stack() as stack:
    print(json.dumps(stack.settings), flush=True)
    if input() == "fail":
        raise ValueError
"""


def listens(url: str) -> bool:
    address = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(address.hostname), int(address.port or 0))) == 0


def test_the_settings_are_what_the_app_reads(tmp_path: Path) -> None:
    with Stack(tmp_path, azurite=False, settings={"REPORTS": "all"}) as stack:
        read = settings.read(stack.settings)
        assert read.reports == "all"
        assert read.archive_url == stack.settings["ARCHIVE_URL"]
        assert read.graph_endpoint == stack.settings["GRAPH_ENDPOINT"]
        assert stack.settings["PULL_SCHEDULE"]
        assert listens(stack.control)


def test_the_identity_gives_tokens_for_the_storage(stack: Stack) -> None:
    answer = requests.get(
        stack.settings["IDENTITY_ENDPOINT"],
        params={"api-version": "2019-08-01", "resource": "https://storage.azure.com"},
        headers={"X-IDENTITY-HEADER": stack.settings["IDENTITY_HEADER"]},
    )
    blobs = requests.get(
        f"{stack.settings['ARCHIVE_URL']}?comp=list",
        headers={"Authorization": f"Bearer {answer.json()['access_token']}", "x-ms-version": "2024-11-04"},
        verify=stack.settings["ARCHIVE_CA"],
    )
    assert blobs.status_code == 200


def test_the_archive_is_plain_files_in_a_folder(tmp_path: Path) -> None:
    with Stack(tmp_path / "an archive", azurite=False) as stack:
        archive = App(settings.read(stack.settings)).archive
        assert archive.store.create(USAGE, "name", b"", {})
        with pytest.raises(LockedError), Stack(tmp_path / "an archive", azurite=False):
            pass
    assert (tmp_path / "an archive" / "files" / USAGE / "name").is_file()


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda holder: holder.stdin.write("\n"), id="ends"),
        pytest.param(lambda holder: holder.stdin.write("fail\n"), id="fails", marks=pytest.mark.long),
        pytest.param(lambda holder: holder.send_signal(signal.SIGINT), id="is interrupted", marks=pytest.mark.long),
        pytest.param(lambda holder: holder.terminate(), id="is terminated", marks=pytest.mark.long),
        pytest.param(lambda holder: holder.kill(), id="is killed"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_everything_ends_when_the_process_that_started_it(
    end: Callable[[subprocess.Popen[str]], None], eventually: Callable[[Callable[[], bool]], None]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    ) as holder:
        assert holder.stdout
        started = json.loads(holder.stdout.readline())
        addresses = [started[name] for name in ("ARCHIVE_URL", "GRAPH_ENDPOINT", "IDENTITY_ENDPOINT")]
        assert all(listens(address) for address in addresses)
        end(holder)
    eventually(lambda: not any(listens(address) for address in addresses))
