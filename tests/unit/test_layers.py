"""The house: which package may know which. Lazy imports and those for types count too."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "shared"

LAYERS = [
    ["fleet"],
    ["app"],
    ["web", "pulling", "verification", "erasure"],
    ["views"],
    ["archive", "graph"],
    ["report"],
    ["identity"],
    ["settings"],
    ["domain"],
    ["events"],
    ["redaction"],
]
"""From top to bottom: a room imports from itself and from the layers below, never from its siblings."""
EDGES = {
    "azure.functions": {"web/azure.py"},
    "azure.storage": {"archive/azure_blob_store.py"},
    "azure.core": {"archive/azure_blob_store.py", "archive/blob_requests.py", "identity.py", "graph/bearer.py"},
    "azure.identity": {"identity.py"},
    "requests": {"graph", "archive/blob_requests.py"},
    "urllib3": {"archive/blob_requests.py", "graph/body_stream.py", "graph/deadline.py", "graph/public_address.py"},
    "werkzeug": {"web"},
    "zlib_ng": {"report/compression.py"},
    "arro3": {f"report/{name}.py" for name in ("text_columns", "typed_columns", "typed_table", "delta")},
}
"""Where each SDK is known: a file, or all of a folder."""
PURE = ["domain", "report", "archive/layout.py", "archive/blob_store.py", "archive/archive.py", "pulling/plan.py"]

FILES = sorted(path.relative_to(SHARED).as_posix() for path in SHARED.rglob("*.py"))


@cache
def imports(file: str) -> set[str]:
    """Every module that a file names in an import, wherever that stands."""
    found = set()
    for node in ast.walk(ast.parse((SHARED / file).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(path: str) -> str:
    return path.partition("/")[0].removesuffix(".py")


def test_every_room_has_its_layer() -> None:
    assert {room(file) for file in FILES} - {"__init__"} == {room for layer in LAYERS for room in layer}


@pytest.mark.parametrize("file", [file for file in FILES if room(file) != "__init__"])
def test_imports_point_down(file: str) -> None:
    level = next(level for level, layer in enumerate(LAYERS) if room(file) in layer)
    allowed = {room(file), "__version__", *(below for layer in LAYERS[level + 1 :] for below in layer)}
    assert {name.split(".")[1] for name in imports(file) if name.startswith("shared.")} <= allowed


def test_no_module_imports_itself_by_way_of_others() -> None:
    known = {file.removesuffix(".py").replace("/", "."): file for file in FILES}
    edges = {
        module: {other for name in imports(file) for other in known if f"{name}.".startswith(f"shared.{other}.")}
        for module, file in known.items()
    }
    while leaves := {module for module, below in edges.items() if not below}:
        edges = {module: below - leaves for module, below in edges.items() if module not in leaves}
    assert not edges


@pytest.mark.parametrize("file", FILES)
def test_sdks_are_known_at_the_edges_only(file: str) -> None:
    for sdk, edges in EDGES.items():
        if any(f"{name}.".startswith(f"{sdk}.") for name in imports(file)):
            assert file in edges or room(file) in edges, f"{file} imports {sdk}"


@pytest.mark.parametrize("place", PURE)
def test_the_pure_core_loads_nothing_but_the_standard_library(place: str) -> None:
    modules = [file.removesuffix(".py").replace("/", ".") for file in FILES if f"{file}/".startswith(f"{place}/")]
    code = f"import sys, {', '.join(f'shared.{module}' for module in modules)}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not {"azure", "requests", "urllib3", "werkzeug"} & {name.split(".")[0] for name in run.stdout.split()}


def test_a_cold_start_leaves_the_sdk_of_storage_parquet_and_zlib_ng_to_those_who_write() -> None:
    code = "import sys, function_app; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "shared.archive.azure_blob_store" in run.stdout.split()
    assert not [name for name in run.stdout.split() if name.startswith(("azure.storage", "arro3", "zlib_ng"))]
