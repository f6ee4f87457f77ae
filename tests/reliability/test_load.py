"""`python -m tests.reliability load`, as its user starts it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_the_newest_snapshot_is_served_without_error_and_no_body_is_read_for_304() -> None:
    command = [sys.executable, "-m", "tests.reliability", "load", "--seconds", "2", "--rate", "10"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [re.split(" {2,}", line) for line in done.stdout.splitlines()[2:]]
    printed = {line[0]: line[1:] for line in lines}
    assert printed["requests"] == ["10", "10"]
    assert printed["errors"] == ["0", "0"]
    assert printed["answered with"] == ["200", "304"]
    assert printed["storage: bodies read"][1] == "0"
    for percent in ("p50", "p95", "p99"):
        assert all(re.fullmatch(r"\d+\.\d ms", took) for took in printed[percent])
    assert "10 of 20 answers were 304." in done.stdout
