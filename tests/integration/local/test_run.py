"""`python3 -m local run`, as its user starts it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import requests

ROOT = Path(__file__).parents[3]
STARTED_FROM = ("getOffice365ServicesUserCounts", "getOffice365ActiveUserCounts", "getOffice365ActiveUserDetail")
ENVIRONMENT = os.environ | {"REPORTS": ",".join(STARTED_FROM)}


def command(folder: Path, *options: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "local.cli",
        "run",
        "--archive",
        str(folder),
        "--users",
        "20",
        "--port",
        "0",
        *options,
    ]


def started(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    everything = command(folder, *options)
    return subprocess.run(everything, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT, check=False)


def once(folder: Path, *options: str) -> str:
    done = started(folder, "--once", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def outcomes(printed: str) -> dict[str, str]:
    return {call: outcome for outcome, call in re.findall(r"^(\w+) +(get\S+)", printed, re.MULTILINE)}


def test_everything_is_published_first_and_unchanged_the_second_time(tmp_path: Path) -> None:
    folder = tmp_path / "an archive"
    first, second = outcomes(once(folder)), outcomes(once(folder))
    assert set(first.values()) == {"published"}
    assert set(second.values()) == {"unchanged"}
    assert second.keys() == first.keys()
    assert first.keys() > {
        f"{report}(period='{period}')" for report in STARTED_FROM for period in ("D7", "D30", "D90", "D180")
    }


def test_a_history_is_lived_through_first(tmp_path: Path) -> None:
    printed = once(tmp_path, "--days", "2")
    assert "Living through day 2 of 2" in printed


def test_another_number_of_people_needs_a_fresh_archive(tmp_path: Path) -> None:
    once(tmp_path)
    refused = started(tmp_path, "--once", "--users", "21")
    assert (refused.returncode, "--fresh" in refused.stderr) == (2, True)


def test_it_serves_the_printed_urls_until_it_is_told_to_end(tmp_path: Path) -> None:
    process = subprocess.Popen(command(tmp_path), stdout=subprocess.PIPE, text=True, cwd=ROOT, env=ENVIRONMENT)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if line.startswith("Serving"):
            break
    urls = [line for line in lines if line.startswith("http")]
    assert [requests.get(url, timeout=30).status_code for url in urls] == [200, 200, 200, 200]
    [key] = re.findall(r"^For people, who give the key (\S+)$", "\n".join(lines), re.MULTILINE)
    status = urls[0].replace("/dashboard", "/status")
    assert requests.get(status, headers={"x-functions-key": key}, timeout=30).status_code == 200
    process.send_signal(signal.SIGTERM)
    process.stdout.close()
    assert process.wait(20) == 143
