"""A lock holds between processes, and dies with its holder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.lock import LockedError, locked

HOLDER = """
import sys
from pathlib import Path
from local.lock import locked
with locked(Path(sys.argv[1]), seconds=0):
    print("held", flush=True)
    input()
"""


def test_a_lock_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError), locked(lock, seconds=0):
            pass
        holder.kill()
    with locked(lock, seconds=0):
        pass


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdin
        holder.stdout.readline()
        holder.stdin.write("\n")
        holder.stdin.flush()
        with locked(lock, seconds=10):
            assert holder.wait(10) == 0
