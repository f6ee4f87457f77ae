"""What Microsoft's Bicep compiler makes of `infra/`: kept in `compiled/`, and made anew where there is a compiler.

`main.json` is the compiled template; the others say what it would deploy with the parameters of the same name, where
what only Azure knows stays an expression in brackets. `python -m tests.unit.infra.compiler` writes them. The compiler
is `$BICEP`, the `bicep` on PATH, or the Azure CLI's. Where there is no network, the types of the Graph extension lie
beside it as `graph.tgz`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.unit.infra.template import COMPILED, INFRA, PARAMETERS, SETS

SOURCES = COMPILED / "sources.sha256"
SUBSCRIPTION = {
    "tenantId": "22222222-2222-2222-2222-222222222222",
    "subscriptionId": "33333333-3333-3333-3333-333333333333",
}


class CompileError(Exception):
    """The compiler objects to the templates, be it by a warning."""


class Compiler:
    """A compiler that waits for requests: https://aka.ms/bicep/jsonrpc"""

    def __init__(self, program: str) -> None:
        self._types = Path(program).with_name("graph.tgz")
        self._process = subprocess.Popen(
            [program, "jsonrpc", "--stdio"],
            env=os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},  # needs no ICU
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def close(self) -> None:
        self._process.communicate()

    def version(self) -> str:
        return str(self.request("version")["version"])

    def prepare(self, infra: Path, work: Path) -> None:
        """Copy the templates to an empty folder, with the sets of parameters."""
        for source in (infra, PARAMETERS):
            shutil.copytree(source, work, dirs_exist_ok=True)
        if self._types.is_file():
            shutil.copy(self._types, work)
            config = work / "bicepconfig.json"
            config.write_text(re.sub(r'"br:[^"]*microsoftgraph[^"]*"', '"./graph.tgz"', config.read_text("utf-8")))

    def read(self, folder: Path, name: str) -> Any:
        """Return `main`, or what a set of parameters would deploy. Raise CompileError."""
        if name != "main":
            path = str(folder / f"{name}.bicepparam")
            snapshot = json.loads(self.request("getSnapshot", path=path, metadata=SUBSCRIPTION)["snapshot"])
            return snapshot | {"outputs": dict(sorted(snapshot["outputs"].items()))}
        answer = self.request("compile", path=str(folder / "main.bicep"))
        if answer["diagnostics"]:
            raise CompileError(answer["diagnostics"])
        return json.loads(answer["contents"])

    def request(self, method: str, **parameters: object) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": f"bicep/{method}", "params": parameters}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()
        headers = dict(line.strip().split(b": ") for line in iter(self._process.stdout.readline, b"\r\n"))
        answer: dict[str, Any] = json.loads(self._process.stdout.read(int(headers[b"Content-Length"])))
        if "error" in answer:
            raise CompileError(answer["error"])
        result: dict[str, Any] = answer["result"]
        return result


def program() -> str | None:
    """Return the compiler's program, or None."""
    azure = Path.home() / ".azure" / "bin" / ("bicep.exe" if os.name == "nt" else "bicep")
    return os.environ.get("BICEP") or shutil.which("bicep") or (str(azure) if azure.is_file() else None)


@contextmanager
def compiler() -> Iterator[Compiler]:
    """Start the compiler, which has to be there."""
    path = program()
    assert path, "there is no Bicep compiler"
    running = Compiler(path)
    try:
        yield running
    finally:
        running.close()


def digest() -> str:
    """Return the SHA-256 of all that is compiled, whatever its line ends."""
    files = [*INFRA.glob("*.bicep"), *INFRA.glob("*config.json"), INFRA / "workbook.json", *PARAMETERS.iterdir()]
    texts = {path.name: path.read_text("utf-8") for path in files}
    return hashlib.sha256(json.dumps(texts, sort_keys=True).encode()).hexdigest()


def write() -> None:
    """Compile `infra/` into `compiled/`."""
    with compiler() as running, tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        running.prepare(INFRA, work)
        for name in ("main", *SETS):
            text = json.dumps(running.read(work, name), indent=2, ensure_ascii=False)
            (COMPILED / f"{name}.json").write_text(f"{text}\n", "utf-8", newline="\n")
    SOURCES.write_text(f"{digest()}\n", "utf-8", newline="\n")


if __name__ == "__main__":
    write()
