"""`/dashboard`: the page for people. It holds no data: it reads the API with the key that it asks for.

What is in the folder of the same name goes out as one document, so that one request brings it, and all of it is of one
version. The policy names the script and the style by their hashes, so that nothing else can run, whatever a tenant
calls itself.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import Path

from shared.web.http import Request, Response
from shared.web.representation import Representation, from_bytes
from shared.web.rfc9110 import send

_FOLDER = Path(__file__).with_suffix("")
_MODULES = (
    *("elements", "csv", "changes", "api", "calls", "problems", "coverage", "health", "answers", "snippets"),
    *("elsewhere", "views", "report", "main"),
)
"""Each below those that it imports from."""
_STYLE = '<link rel="stylesheet" href="style.css">'
_SCRIPT = '<script type="module" src="main.js"></script>'


def page(request: Request) -> Response:
    """Answer `/dashboard`."""
    return send(request, _document())


@functools.cache
def _document() -> Representation:
    style = _read("style.css")
    script = "\n".join(["const modules = {};", *(_joined(name, _read(f"{name}.js")) for name in _MODULES)])
    document = _read("index.html").replace(_STYLE, f"<style>{style}</style>")
    document = document.replace(_SCRIPT, f'<script type="module">{script}</script>')
    policy = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        # No script can make markup of text: https://w3c.github.io/trusted-types/
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    headers = {
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
    }
    return from_bytes(document.encode(), "text/html; charset=utf-8", headers)


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _joined(name: str, module: str) -> str:
    """A JavaScript module as a property of `modules`, so that it can stand in one script with the others."""
    exports = ", ".join(re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", module, re.MULTILINE))
    body = re.sub(r'^import (\{.+\}) from "\./(\w+)\.js";$', r"const \1 = modules.\2;", module, flags=re.MULTILINE)
    body = re.sub("^export ", "", body, flags=re.MULTILINE)
    return f"modules.{name} = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();"


def _hash(text: str) -> str:
    """As a source in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
