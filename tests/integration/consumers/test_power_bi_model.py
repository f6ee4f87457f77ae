"""Microsoft's own library, the Tabular Object Model, reads the Power BI model as it is meant."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from powerbi.generator import template
from tests.integration.consumers import installed
from tests.unit.powerbi.project import FOLDER, Project

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="the .NET that is installed is that of Linux"),
]


@pytest.mark.parametrize("is_template", [False, True], ids=["the project", "the template"])
def test_it_is_read_and_written_as_the_project_byte_for_byte(tmp_path: Path, is_template: bool) -> None:
    project = Project(FOLDER)
    source, target = project.model, tmp_path / "written"
    if is_template:
        source = tmp_path / template.MODEL
        source.write_bytes(zipfile.ZipFile(FOLDER / template.NAME).read(template.MODEL))
    target.mkdir()
    command = [installed.python("tom"), installed.LOCKS / "tom.py", source, target]
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
        for folder in (project.model, target)
    )
    if is_template:
        theirs["database.tmdl"] = theirs["database.tmdl"].replace(b"database Usage\n", b"database\n")
    assert ours == theirs
