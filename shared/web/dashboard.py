"""`/dashboard`: the page for people. It holds no data: it reads the API with the key that it asks for.

The page names its modules below the hash of them all: a page is of one version, and what a module's URL gives never
changes. The policy lets no other script run, whatever a tenant calls itself.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

from shared.domain.error_code import ErrorCode
from shared.domain.errors import NotArchived
from shared.web.http import Request, Response
from shared.web.links import PREFIX
from shared.web.representation import Representation, from_bytes
from shared.web.rfc9110 import send

_FOLDER = Path(__file__).with_suffix("")
_MEDIA_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "blob: data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    # No script can make markup of text: https://w3c.github.io/trusted-types/
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}
_OF_PAGE = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
_OF_MODULE = {"Cache-Control": "public, max-age=31536000, immutable"}


def serve(request: Request) -> Response:
    """Answer `/dashboard` with the page, and `/dashboard/{hash}/{file}` with a module. Raises NotArchived."""
    content = documents(_FOLDER).get(request.path.strip("/"))
    if content is None:
        raise NotArchived(ErrorCode.UNKNOWN_PATH, f"There is nothing here; the page is at {PREFIX}/dashboard.")
    return send(request, content)


@functools.cache
def documents(folder: Path) -> Mapping[str, Representation]:
    """Return the page of a folder, at the empty path, and its modules, by path below `/dashboard`."""
    modules = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in _MEDIA_TYPES}
    version = hashlib.sha256(repr(modules).encode()).hexdigest()[:16]
    root = f"{PREFIX}/dashboard/{version}"
    # Else a browser would learn of the next module only when it has read the one before.
    preload = "\n".join(f'<link rel="modulepreload" href="{root}/{name}">' for name in modules if name.endswith(".js"))
    page = (folder / "index.html").read_text("utf-8").replace("$modules", root).replace("$preload", preload)
    documents = {
        f"{version}/{name}": from_bytes(content, _MEDIA_TYPES[Path(name).suffix], _OF_MODULE)
        for name, content in modules.items()
    }
    return documents | {"": from_bytes(page.encode(), "text/html; charset=utf-8", _OF_PAGE)}
