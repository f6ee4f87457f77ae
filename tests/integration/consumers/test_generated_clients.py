"""Clients that generators make of /openapi.json read a snapshot, a series and a list, and say what went wrong."""

import base64
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from local.setup import NODE, ROOT
from tests.integration.consumers.test_graph_clients import D30, ERROR, HERE, MISSING, node
from tests.serving import DAY, Served

DOCUMENT = ROOT / "shared" / "web" / "openapi.json"


def get(served: Served, path: str, **query: str) -> requests.Response:
    return requests.get(f"{served.api}/v1.0/reports/{path}", query | {"code": served.key}, timeout=30)


@pytest.mark.long
def test_openapi_python_client(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    made = subprocess.run(
        [*generate, "--path", DOCUMENT, "--output-path", tmp_path / "archive_client"],
        env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},  # for its ruff
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Endpoint will not be generated" not in made.stdout
    monkeypatch.syspath_prepend(tmp_path)
    client = importlib.import_module("archive_client").AuthenticatedClient(
        base_url=served.api, token=served.key, prefix="", auth_header_name="x-functions-key"
    )

    def call(view: str, name: str, **query: object) -> Any:
        module = importlib.import_module(f"archive_client.api.reports.get_api_reports_call{view}")
        return module.sync_detailed(api="v1.0", call=name, client=client, **query)

    assert call("", D30).content == get(served, D30).content
    assert call("_series", D30).parsed == get(served, f"{D30}/series").text
    assert max(each.refresh_date for each in call("_snapshots", D30).parsed.value) == DAY
    error = call("", MISSING).parsed
    client.get_httpx_client().close()
    assert (error.status, error.code.value, error.detail, error.error.message) == (404, "not_pulled", ERROR, ERROR)


@pytest.mark.long  # Microsoft's compiler reads all types of a browser
def test_openapi_typescript(served: Served, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(NODE, target_is_directory=True)
    node(NODE / "openapi-typescript" / "bin" / "cli.js", DOCUMENT, "-o", "schema.d.ts", cwd=tmp_path)
    (tmp_path / "generated.ts").write_bytes((HERE / "generated.ts").read_bytes())
    # No types of Node.js are there, nor are they wanted: the program names what it uses of it.
    (tmp_path / "node.d.ts").write_text(
        'declare module "node:fs" { export function readFileSync(file: number, encoding: string): string }\n'
        "declare const Buffer: { from(data: ArrayBuffer): { toString(encoding: string): string } };\n",
        "utf-8",
    )
    options = ["--strict", "--target", "es2022", "--module", "node16", "--moduleResolution", "node16"]
    options += ["--lib", "es2022,dom,dom.iterable", "--skipLibCheck"]
    node(NODE / "typescript" / "bin" / "tsc", *options, "node.d.ts", "generated.ts", cwd=tmp_path)
    asked = {"base": served.api, "key": served.key, "call": D30, "missing": MISSING}
    answer = json.loads(node("generated.js", asked=asked, cwd=tmp_path))
    query = {"from": "2026-11-01", "every": "week"}
    assert base64.b64decode(answer["snapshot"]) == get(served, D30).content
    assert answer["series"] == get(served, f"{D30}/series", **query).text
    assert DAY.isoformat() in answer["days"]
    assert answer["message"] == ERROR
