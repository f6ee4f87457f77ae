"""What can go wrong with storage, by name. The ids are those of the archive's list of faults.

Error codes: https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes and, beside it,
blob-service-error-codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.etree import ElementTree

from simulator.faults import wire as wires
from simulator.protocol.messages import Answer, Request

Send = Callable[[], Answer]
"""Passes the request on. The effect has happened when it returns."""


@dataclass(frozen=True)
class Scene:
    """What a fault may look at."""

    request: Request
    created: Sequence[str]
    """Blobs of the container that were created through the proxy, oldest first."""
    ask: Callable[[Request], Answer]
    """Asks the true service."""


class Fault(NamedTuple):
    """A fault of one operation."""

    ids: str
    meaning: str
    change: Callable[..., Answer]
    """Makes the answer from what sends the request, the scene and the arguments."""
    args: Mapping[str, Any]
    """Arguments and their defaults."""
    on: str | None = None
    """The operation that it applies to, unless the rule names one."""


def _error(send: Send, scene: Scene, status: int, code: str, message: str) -> Answer:
    content = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    headers = (("Content-Type", "application/xml"), ("x-ms-error-code", code), ("x-ms-version", "2021-12-02"))
    return Answer(status, headers, b"" if scene.request.method == "HEAD" else content.encode())


def _reset(send: Send, scene: Scene) -> Answer:
    raise ConnectionResetError


def _lost_answer(send: Send, scene: Scene) -> Answer:
    send().close()
    raise ConnectionResetError


def _wire(stream: Callable[..., wires.Pieces], send: Send, scene: Scene, **args: Any) -> Answer:
    answer = send()
    return replace(answer, wire=(*answer.wire, partial(stream, **args)))


def _hang(send: Send, scene: Scene, sent: bool) -> Answer:
    if sent:
        send().close()
    return Answer(500, wire=(partial(wires.pause, seconds=None),))


def _stale_list(send: Send, scene: Scene, newest: int) -> Answer:
    hidden = set(scene.created[-newest:])
    answer = send()
    if answer.status != 200:
        return answer
    tree = ElementTree.fromstring(b"".join(answer.chunks))
    blobs = tree.find("Blobs")
    for entry in list(blobs if blobs is not None else ()):
        name = entry.findtext("Name") or ""
        names = _below(scene, name) if entry.tag == "BlobPrefix" else {name}
        if blobs is not None and names <= hidden:
            blobs.remove(entry)
    framing = ("content-length", "transfer-encoding")
    headers = tuple(header for header in answer.headers if header[0].lower() not in framing)
    return replace(answer, headers=headers, body=ElementTree.tostring(tree, "utf-8", xml_declaration=True))


def _below(scene: Scene, prefix: str) -> set[str]:
    """Return the names of the blobs with that prefix at the true service."""
    target = f"{scene.request.path}?restype=container&comp=list&prefix={quote(prefix, safe='')}"
    answer = scene.ask(replace(scene.request, target=target))
    tree = ElementTree.fromstring(b"".join(answer.chunks))
    answer.close()
    return {name.text or "" for name in tree.iterfind("Blobs/Blob/Name")}


def _refusal(ids: str, status: int, code: str, message: str) -> Fault:
    return Fault(ids, f"{status} {code}", _error, {"status": status, "code": code, "message": message})


FAULTS: dict[str, Fault] = {
    # Nothing is sent.
    "busy": _refusal("F58", 503, "ServerBusy", "The server is currently unable to receive requests."),
    "timed_out": _refusal("F58", 500, "OperationTimedOut", "The operation could not be completed within the time."),
    "too_slow": _refusal("F58", 408, "RequestTimeout", "The request was not received within the time."),
    "reset": Fault("F58", "the connection is reset before the request is passed on", _reset, {}),
    "no_permission": _refusal(
        "F59", 403, "AuthorizationPermissionMismatch", "This request is not authorized using this permission."
    ),
    "container_missing": _refusal("F60", 404, "ContainerNotFound", "The specified container does not exist."),
    "container_going": _refusal("F60", 409, "ContainerBeingDeleted", "The specified container is being deleted."),
    "immutable": _refusal(
        "F60", 409, "BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable."
    ),
    "leased": _refusal("F60", 412, "LeaseIdMissing", "There is currently a lease on the blob."),
    "exists": _refusal("F60", 409, "BlobAlreadyExists", "The specified blob already exists."),
    "changed": _refusal("F61", 412, "ConditionNotMet", "The condition specified was not met."),
    "read_only": _refusal("F67", 403, "InsufficientAccountPermissions", "Write operations are not allowed."),
    "disabled": _refusal("F67", 403, "AccountIsDisabled", "The specified account is disabled."),
    "key_rotated": _refusal("F67", 403, "AuthenticationFailed", "Server failed to authenticate the request."),
    "firewall": _refusal("F67", 403, "AuthorizationFailure", "This request is not authorized."),
    "hang": Fault("F66", "no answer for good, and no effect unless it is sent", _hang, {"sent": False}),
    # The effect happens.
    "lost_answer": Fault("F58 F62", "the connection is reset in place of the answer", _lost_answer, {}),
    "delay": Fault("F66", "the answer is so many seconds late", partial(_wire, wires.pause), {"seconds": 30.0}),
    "cut": Fault("F58", "the answer ends after so many bytes of body", partial(_wire, wires.cut), {"at": 0}, "get"),
    "flip": Fault("F58", "a bit of that byte of the body is another", partial(_wire, wires.flip), {"at": 0}, "get"),
    "stale_list": Fault(
        "F65", "the blobs that were created last are not in the list", _stale_list, {"newest": 1}, "list"
    ),
}
