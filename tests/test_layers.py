"""The house: which module may know which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYERS = [
    ["app"],
    ["responses"],
    ["api", "runner", "verify"],
    ["api_snapshot", "api_series", "pull"],
    ["inquiry"],
    ["budget", "series", "audit", "holdings", "freshness", "choice", "links", "forms", "chart", "dashboard"],
    ["archive", "graph", "graph_json", "gaps", "representation"],
    ["draft", "reply"],
    ["plan", "history", "proof"],
    ["snapshot", "selection", "identity", "drift", "transport", "table", "marks"],
    ["query", "records", "svg"],
    ["body", "call", "runs"],
    ["catalogue"],
    ["settings", "events", "blobs", "rhythm", "cache"],
    ["errors"],
    ["redaction"],
]
SDKS = {
    "azure.functions": {"responses"},
    "azure.storage": {"archive", "draft", "blobs"},
    "azure.core": {"archive", "draft", "blobs", "identity"},
    "azure.identity": {"identity"},
    "requests": {"graph", "transport"},
    "urllib3": {"graph", "transport"},
}


def imports(module: str) -> set[str]:
    tree = ast.parse((ROOT / "shared" / f"{module}.py").read_text("utf-8"))
    found = set()
    for node in ast.walk(_without_type_checking(tree)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            found |= {f".{node.module}"} if node.module else {f".{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found - {".__version__"}


def _without_type_checking(tree: ast.Module) -> ast.Module:
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    ]
    return tree


MODULES = [module for layer in LAYERS for module in layer]


def test_every_module_has_its_layer() -> None:
    assert sorted(MODULES) == sorted(path.stem for path in (ROOT / "shared").glob("[!_]*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_layers_below(module: str) -> None:
    level = next(level for level, layer in enumerate(LAYERS) if module in layer)
    below = {f".{name}" for layer in LAYERS[level + 1 :] for name in layer}
    assert {name for name in imports(module) if name.startswith(".")} <= below


@pytest.mark.parametrize("module", MODULES)
def test_sdks_are_known_at_the_edges_only(module: str) -> None:
    for name in imports(module):
        allowed = next((modules for sdk, modules in SDKS.items() if name.startswith(sdk)), None)
        assert allowed is None or module in allowed, f"{module} imports {name}"


@pytest.mark.parametrize("module", ["catalogue", "call", "plan"])
def test_notation_catalogue_and_plan_know_nothing_but_errors_and_calls(module: str) -> None:
    assert {name for name in imports(module) if name.startswith(".")} <= {".errors", ".call"}


@pytest.mark.parametrize(
    "module",
    [
        "catalogue",
        "call",
        "plan",
        "body",
        "selection",
        "snapshot",
        "runs",
        "table",
        "history",
        "proof",
        "marks",
        "rhythm",
        "gaps",
    ],
)
def test_the_pure_core_loads_nothing_but_the_standard_library(module: str) -> None:
    code = f"import sys; import shared.{module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert not {"azure", "requests", "urllib3"} & set(loaded.split())
