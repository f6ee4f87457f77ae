"""The folder of a local archive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local.folder import FILES, clear


def test_what_an_earlier_deletion_left_goes_too(tmp_path: Path) -> None:
    for name in (FILES, f"{FILES}.deleted"):
        (tmp_path / name / "usage").mkdir(parents=True)
        (tmp_path / name / "usage" / "blob").write_bytes(b"1")
    (tmp_path / "tenant.json").write_text("{}")
    clear(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["in-use.lock"]


_BROKEN_OFF = """
import sys
from pathlib import Path
from local.folder import clear

def at_the_second_file(event, arguments, seen=[]):
    if event == "os.remove":
        seen.append(arguments)
        if len(seen) == 2:
            raise KeyboardInterrupt

sys.addaudithook(at_the_second_file)
try:
    clear(Path(sys.argv[1]))
except KeyboardInterrupt:
    print("broken off")
"""


def test_a_deletion_that_is_broken_off_leaves_no_part_of_an_archive(tmp_path: Path) -> None:
    (tmp_path / FILES).mkdir()
    for number in range(3):
        (tmp_path / FILES / f"blob {number}").write_bytes(b"1")
    command = [sys.executable, "-c", _BROKEN_OFF, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "broken off\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [f"{FILES}.deleted", "in-use.lock"]
    assert len([*(tmp_path / f"{FILES}.deleted").iterdir()]) == 2
