"""`python3 -m local services`, for those who run the app themselves."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_the_addresses_of_what_runs_are_written_beside_the_other_settings(tmp_path: Path) -> None:
    settings = tmp_path / "local.settings.json"
    settings.write_text(json.dumps({"IsEncrypted": False, "Values": {"REPORTS": "all"}}))
    folders = ["--archive", str(tmp_path / "archive"), "--settings", str(settings)]
    command = [sys.executable, "-m", "local.cli", "services", "--azurite", "--users", "20", *folders]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    assert "local.settings.json has their addresses" in process.stdout.readline()
    values = json.loads(settings.read_text())["Values"]
    assert values["REPORTS"] == "all"
    assert requests.get(f"{values['GRAPH_ENDPOINT']}/v1.0/reports/x", timeout=10).status_code == 401
    certificate = Path(values["ARCHIVE_CA"])
    assert (certificate.is_file(), certificate.is_relative_to(tmp_path / "archive")) == (True, True)
    assert (tmp_path / "archive" / "blobs").is_dir()
    process.send_signal(signal.SIGTERM)
    process.stdout.close()
    assert process.wait(20) == 143
