"""The simulator in other hands: its README is right, and nothing but the standard library is needed."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, pages, words
from tests.integration.simulator.client import Client

PAGE = pages()["simulator/README.md"]
SHELL = [block.code for block in PAGE.blocks if not block.language]
STARTS = [code for code in SHELL if "python3 -m simulator" in code]
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
LAST_LINE = "simulator/README.md tells the rest. Ctrl-C ends it.\n"


def blocks(language: str) -> list[str]:
    return [block.code for block in PAGE.blocks if block.language == language]


@contextmanager
def started(command: str, folder: Path) -> Iterator[str]:
    """What a person sees who runs the command, on any free ports; then Ctrl-C."""
    command = "exec " + re.sub(r"-port \d+", "-port 0", command.strip())
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PATH": PATH}
    program = subprocess.Popen(command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    with program:
        try:
            assert program.stdout
            yield "".join(iter(program.stdout.readline, LAST_LINE))
            program.send_signal(signal.SIGINT)
            assert program.wait(10) == 0
        finally:
            program.kill()


@pytest.mark.parametrize("command", STARTS)
def test_whoever_starts_it_sees_the_addresses_and_ends_it_with_ctrl_c(command: str, tmp_path: Path) -> None:
    (tmp_path / "scenario.json").write_text(blocks("json")[0], "utf-8")
    with started(command, tmp_path) as screen:
        assert len(re.findall(r"^  [\w ]+  http://127\.0\.0\.1:\d+", screen, re.MULTILINE)) == 4


@pytest.mark.parametrize("command", [span for span in PAGE.spans if span.startswith("python3 -m simulator --")])
def test_every_other_command_prints_something_and_ends(command: str) -> None:
    run = subprocess.run([sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(run.stdout.splitlines()) > 20


def test_the_requests_lead_from_a_token_to_a_report_and_to_what_the_control_api_shows(tmp_path: Path) -> None:
    script = "".join(code for code in SHELL if "curl" in code)
    with started(next(code for code in STARTS if "--identity-header secret" in code), tmp_path) as screen:
        for port, origin in enumerate(re.findall(r"^  [\w ]+  (http://127\.0\.0\.1:\d+)", screen, re.MULTILINE), 9100):
            script = script.replace(f"http://127.0.0.1:{port}", origin)
        run = subprocess.run(["sh", "-euc", script], env=os.environ | {"PATH": PATH}, capture_output=True, check=True)
    head, csv, control = re.split(rb"\r\n\r\n\xef\xbb\xbf|(?<=\d\r\n)(?={)", run.stdout, maxsplit=2)
    assert head.startswith(b"HTTP/1.1 302 Found\r\n")
    assert csv.startswith(b"Report Refresh Date,")
    for text in (
        b'{"now": "2026-11-24T08:00:00',
        b'"refresh_date": "2026-11-2',
        b'"status": 200',
        b'"fault": "throttled"',
    ):
        assert text in control


def test_every_route_of_the_control_api_has_its_line(client: Client) -> None:
    assert words(" ".join(PAGE.first_cells("The control API"))) == client.steer("GET", "/")


def test_the_example_for_another_project_passes_there(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "simulator", tmp_path / "simulator", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "shared" / "domain" / "catalogue.json", tmp_path)
    for code in blocks("python"):
        name = code.partition("\n")[0].removeprefix("# ")
        (tmp_path / name).write_text(code, "utf-8")
    command, environment = [sys.executable, "-m", "pytest", "-q"], os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "1 passed" in run.stdout, run.stdout


def test_only_the_standard_library_is_imported() -> None:
    modules = set()
    for file in (ROOT / "simulator").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
            modules |= {name.partition(".")[0] for name in names}
    assert modules <= sys.stdlib_module_names | {"simulator"}
