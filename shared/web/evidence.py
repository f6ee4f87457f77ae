"""`/status/evidence`: what the live service really does, next to what was assumed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shared.archive.blob_store import BlobStore
from shared.archive.layout import DERIVED, EVIDENCE
from shared.domain.errors import ArchiveUnavailable
from shared.domain.evidence import Comparison, Evidence, compared
from shared.web import query, representation
from shared.web.http import Request, Response
from shared.web.rfc9110 import send

_HEADERS = {"Cache-Control": "private, no-cache"}


def evidence(request: Request, store: BlobStore, now: datetime) -> Response:
    """Answer `/status/evidence`. Raises RequestError, ArchiveUnavailable."""
    query.check_names(request.query, (), of_call=False)
    stored = store.get(DERIVED, EVIDENCE)
    try:
        known = Evidence.from_bytes(stored.content) if stored else Evidence()
    except ValueError as error:
        raise ArchiveUnavailable(str(error)) from None
    content = {"at": now.isoformat(), "assumptions": [*map(_to_json, compared(known))], **known.to_json()}
    return send(request, representation.from_json(content, _HEADERS))


def _to_json(compared: Comparison) -> dict[str, Any]:
    return {
        "fact": compared.assumption.fact,
        "assumed": compared.assumption.says,
        "verdict": compared.verdict,
        "asAssumed": compared.as_assumed,
        "differs": {value: [*filter(None, reports)] for value, reports in compared.differs.items()},
    }
