"""The scripts of `infra/`, run where the programs that they call are stand-ins."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.unit.infra.template import INFRA

SENTENCES = dict(line.split(": ", 1) for line in (INFRA / "sentences.txt").read_text("utf-8").splitlines())
TRUE = ("sh", "sed", "tr", "dirname", "od", "seq", "cat")
"""Programs that are what they are."""


def sentence(name: str, value: str = "") -> str:
    """Return a sentence as a script says it."""
    return SENTENCES[name].replace("{}", value)


def when(pattern: str, then: str) -> str:
    """Let a program do something else for what it is asked."""
    return f'case "$*" in *"{pattern}"*) {then}; exit ;; esac'


def prepared(folder: Path, programs: Mapping[str, str]) -> dict[str, str]:
    """Make stand-ins of these programs in a folder; return the environment in which they are found."""
    for tool in TRUE:
        (folder / tool).symlink_to(
            next(path for path in (Path(f"/bin/{tool}"), Path(f"/usr/bin/{tool}")) if path.exists())
        )
    for name, text in programs.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        (folder / name).chmod(0o755)
    return {"PATH": str(folder), "ASKED": f"{folder}/asked"}


def run(
    script: str, environment: Mapping[str, str], *, stdin: int = subprocess.DEVNULL, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run a script of `infra/`."""
    command = [f"{environment['PATH']}/sh", str(INFRA / script)]
    return subprocess.run(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True, env=dict(environment))
