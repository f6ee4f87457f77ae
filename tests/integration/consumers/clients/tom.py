"""Reads a model with Microsoft's own library and writes it as TMDL: {kind: count} on stdout.

The arguments are a folder of TMDL, or a file as the model of a template is, and the folder to write to.
"""
# mypy: ignore-errors

import json
import os
import sys
from pathlib import Path

PACKAGES = Path(next(each for each in sys.path if each.endswith("site-packages")))
DOTNET, LIBRARY = PACKAGES / "dnv/net/runtime/.net", PACKAGES / "sempy/lib"
os.environ |= {"DOTNET_ROOT": str(DOTNET), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}

from clr_loader import get_coreclr  # noqa: E402
from pythonnet import set_runtime  # noqa: E402

source, target = map(Path, sys.argv[1:])
framework = {"name": "Microsoft.NETCore.App", "version": "8.0.0"}
config = target / "runtimeconfig.json"
config.write_text(json.dumps({"runtimeOptions": {"tfm": "net8.0", "framework": framework}}))
set_runtime(get_coreclr(runtime_config=str(config), dotnet_root=str(DOTNET)))
import clr  # noqa: E402

for name in ("Core", "Tabular.Json", "Tabular"):
    clr.AddReference(str(LIBRARY / f"Microsoft.AnalysisServices.{name}"))
from Microsoft.AnalysisServices.Tabular import JsonSerializer, TmdlSerializer  # noqa: E402

if source.is_dir():
    database = TmdlSerializer.DeserializeDatabaseFromFolder(str(source))
else:
    database = JsonSerializer.DeserializeDatabase(source.read_text("utf-16-le"))
config.unlink()
TmdlSerializer.SerializeDatabaseToFolder(database, str(target))
model = database.Model
kinds = ("Tables", "Relationships", "Roles", "Expressions")
counts = {kind: getattr(model, kind).Count for kind in kinds}
print(json.dumps(counts | {"Measures": sum(table.Measures.Count for table in model.Tables)}))
