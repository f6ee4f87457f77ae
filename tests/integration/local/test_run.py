"""`python3 -m local run`, as its user starts it."""

import os
import re
import signal
import socket
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests

from local import demo
from tests.conftest import MORNING

ROOT = Path(__file__).parents[3]
STARTED_FROM = ("getOffice365ServicesUserCounts", "getOffice365ActiveUserCounts", "getOffice365ActiveUserDetail")
ENVIRONMENT = os.environ | {"REPORTS": ",".join(STARTED_FROM)}

pytestmark = pytest.mark.any_date


def command(folder: Path, *options: str, now: datetime = MORNING) -> list[str]:
    fixed = ["--archive", str(folder), "--port", "0", "--now", now.isoformat()]
    return [sys.executable, "-m", "local.cli", "run", *fixed, "--users", "40", "--verbose", *options]


def once(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    everything, variables = command(folder, "--once", *options), ENVIRONMENT | environment
    return subprocess.run(everything, capture_output=True, text=True, cwd=ROOT, env=variables, check=False)


def outcomes(printed: str) -> dict[str, str]:
    return {call: outcome for outcome, call in re.findall(r"^(\w+) +(get\S+)", printed, re.MULTILINE)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "an archive"


@pytest.fixture(scope="module")
def first(folder: Path) -> str:
    """What the first run into the folder printed."""
    done = once(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_everything_is_published_first(first: str) -> None:
    assert set(outcomes(first).values()) == {"published"}
    assert outcomes(first).keys() > {
        f"{report}(period='{period}')" for report in STARTED_FROM for period in ("D7", "D30", "D90", "D180")
    }


def test_the_second_time_all_is_unchanged_and_served_until_it_is_told_to_end(first: str, folder: Path) -> None:
    again = command(folder, now=MORNING + timedelta(minutes=5))
    process = subprocess.Popen(again, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=ENVIRONMENT)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Serving"):
            break
    assert outcomes("".join(lines)) == dict.fromkeys(outcomes(first), "unchanged")
    printed = "".join(lines)
    urls = re.findall(r"http\S+", printed)
    assert [requests.get(url, timeout=30).status_code for url in urls] == [200, 200, 200, 200]
    [(host, key)] = re.findall(r"^Dashboard  (http\S+)/dashboard#key=(\S+)$", printed, re.MULTILINE)
    status = requests.get(f"{host}/status", headers={"x-functions-key": key}, timeout=30).json()
    assert status["at"][:10] == str(MORNING.date())
    process.send_signal(signal.SIGINT)  # Ctrl-C
    with process.stdout:
        assert f"Stopped. The archive stays in {folder.resolve()}" in process.stdout.read()
    assert process.wait(20) == 0


def test_a_port_that_is_taken_is_told_with_another_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = once(tmp_path / "none", "--port", str(port))
    assert (done.returncode, done.stdout, (tmp_path / "none").exists()) == (2, "", False)
    assert done.stderr.endswith(f"choose another port: --port {port + 1}\n")


def test_another_number_of_people_needs_a_fresh_archive(first: str, folder: Path) -> None:
    refused = once(folder, "--users", "41")
    assert (refused.returncode, "--fresh" in refused.stderr) == (2, True)


def test_a_history_is_lived_through_first(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()  # which Azurite left
    done = once(tmp_path, "--days", "2", REPORTS=f"{STARTED_FROM[0]}(period='D7')")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Living through \d{4}-\d\d-\d\d, day \[#{20}\] 2 of 2", done.stdout)
    assert "http" not in done.stdout  # of what is served no more
    assert "--azurite opens that" in done.stdout
    kept = {file.name for file in (tmp_path / "files" / "usage").rglob("*.csv.gz")}
    assert len(kept) == 3


def test_a_history_that_is_broken_off_stays_and_says_so_in_one_line(tmp_path: Path) -> None:
    asked = command(tmp_path, "--once", "--days", "300")
    process = subprocess.Popen(
        asked, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=ENVIRONMENT
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Living through"):
            break
    process.send_signal(signal.SIGINT)
    with process.stdout:
        last = process.stdout.read().splitlines()[-1]
    assert last == f"Stopped. The archive stays in {tmp_path.resolve()}; --fresh begins anew."
    assert process.wait(20) == 0


@pytest.mark.long
def test_the_demo_is_lived_through_once_and_then_goes_on_to_today(tmp_path: Path) -> None:
    options = ("--demo", "--days", "1")
    first = once(tmp_path, *options)
    assert (first.returncode, "Living through" in first.stdout) == (0, True), first.stdout + first.stderr
    assert outcomes(first.stdout).keys() == {*re.findall(r"get\w+\(.*?\)", demo.REPORTS)}
    again = once(tmp_path, *options)
    assert (again.returncode, "Living through" in again.stdout) == (0, False), again.stdout + again.stderr


def test_many_tenants_are_pulled_one_by_one_through_azurite_s_queue_and_their_fleet_is_shown(tmp_path: Path) -> None:
    done = once(tmp_path, "--azurite", "--tenants", "2", REPORTS=f"{STARTED_FROM[0]}(period='D7')")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^[\da-f-]{36}  (\w+)", done.stdout, re.MULTILINE) == ["up_to_date"] * 2
    assert "2 tenants: 2 up_to_date." in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["blobs"]  # no files as without Azurite
