"""The simulator as a program of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[3]
Program = subprocess.Popen[str]


def start(*options: str) -> Program:
    command = [sys.executable, "-m", "simulator", "--json", "--watch-stdin", *options]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end_input(program: Program) -> None:
    assert program.stdin
    program.stdin.close()


def addresses(program: Program) -> dict[str, str]:
    assert program.stdout
    told: dict[str, str] = json.loads(program.stdout.readline())
    return told


@pytest.mark.parametrize(
    "end",
    [
        end_input,
        lambda program: program.send_signal(signal.SIGTERM),
        lambda program: program.send_signal(signal.SIGINT),
    ],
    ids=["end of input", "SIGTERM", "SIGINT"],
)
def test_program_prints_its_addresses_and_ends_when_told(end: Callable[[Program], None]) -> None:
    with start("--users", "10", "--days-ago", "30") as program:
        told = addresses(program)
        of_app = {"identity_endpoint", "graph_endpoint", "login", "download_origin", "control"}
        assert set(told) == {*of_app, "identity_header"}
        now = datetime.fromisoformat(requests.get(f"{told['control']}/clock").json()["now"])
        assert timedelta(days=29.9) < datetime.now(UTC) - now < timedelta(days=30.1)
        end(program)
        assert program.wait(10) == 0


def test_program_starts_at_the_instant_and_the_port_it_is_given() -> None:
    with start("--now", "2026-02-28T10:00") as program:
        port = addresses(program)["control"].rpartition(":")[2]
        end_input(program)
    with start("--now", "2026-02-28T10:00", "--control-port", port) as program:
        now = requests.get(f"http://127.0.0.1:{port}/clock").json()["now"] if addresses(program) else ""
        assert now.startswith("2026-02-28T10:0")
        end_input(program)
