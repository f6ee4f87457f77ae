"""Microsoft's own library, the Tabular Object Model, reads the Power BI model as it is meant."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.consumers import installed
from tests.unit.powerbi.project import FOLDER, Project


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the .NET that is installed is that of Linux")
def test_it_is_read_and_written_back_byte_for_byte_the_same(tmp_path: Path) -> None:
    project = Project(FOLDER)
    command = [installed.python("tom"), installed.LOCKS / "tom.py", project.model, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    assert json.loads(done.stdout) == {
        "Tables": len(project.tables),
        "Relationships": len(project.relationships),
        "Roles": len(project.all("role")),
        "Expressions": len(project.expressions),
        "Measures": len(project.measures),
    }
    ours, theirs = (
        {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.tmdl")}
        for folder in (project.model, tmp_path)
    )
    assert ours == theirs
