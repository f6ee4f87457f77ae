#!/usr/bin/env bash
# azure-functions-runtime: `func.Out[list[str]]` is refused when the app is loaded, `func.Out[typing.List[str]]` is not.
#
# Versions: azure-functions 2.3.0, azure-functions-runtime 1.3.0, Python 3.13
# Guess: list[str] and typing.List[str] are the same for whoever reads an annotation (PEP 585; the second is deprecated
#   since Python 3.9).
# Seen: FunctionLoadError, "binding messages has invalid non-type annotation ...Out[list[str]]": the library asks whether
#   the origin is a class that derives from typing.Generic, and `list` does not. One such function keeps the whole app
#   from starting.
# For the archive: function_app.py writes typing.List for the messages of its queue, and says so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"${PYTHON:-python3.13}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check azure-functions==2.3.0 azure-functions-runtime==1.3.0

cat >probe.py <<'END'
import inspect
import typing

import azure.functions as func
from azure_functions_runtime import functions
from azure_functions_runtime.bindings.meta import load_binding_registry

load_binding_registry()


class Binding:
    """A binding to a queue, as a decorator declares it."""

    type, data_type, direction = "queue", None, 1


class Protos:
    class BindingInfo:
        out = 1


def load(annotation):
    """Return what becomes of a function that puts messages of that annotation out."""

    def pull(messages):
        """Do nothing."""

    pull.__annotations__["messages"] = annotation
    registry = functions.Registry()
    parameters = dict(inspect.signature(pull).parameters)
    try:
        registry.validate_function_params(parameters, {"messages": Binding()}, pull.__annotations__, "pull", Protos)
    except functions.FunctionLoadError as error:
        return f"refused: {str(error).rpartition('has ')[2].split(' azure')[0]}"
    return "loaded"


seen = {"typing.List[str]": load(func.Out[typing.List[str]]), "list[str]": load(func.Out[list[str]])}
for name, outcome in seen.items():
    print(f"func.Out[{name}]: {outcome}")
assert seen == {"typing.List[str]": "loaded", "list[str]": "refused: invalid non-type annotation"}
END
venv/bin/python probe.py
