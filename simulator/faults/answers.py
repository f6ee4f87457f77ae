"""How a fault changes an answer: blocks that the table of faults is made of."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from simulator.clock import Clock
from simulator.faults import bodies, errors
from simulator.faults import rows as edits
from simulator.protocol.listeners import Answerer
from simulator.protocol.messages import CHUNKED, Answer, Request
from simulator.protocol.tokens import Tokens


@dataclass(frozen=True)
class Scene:
    """What a change may look at, besides the answer."""

    request: Request
    origin: str
    """Of the listener that was asked."""
    download: Answerer
    """What the download host answers."""
    clock: Clock
    tokens: Tokens


Change = Callable[..., Answer]
"""Another answer from an answer, the scene and the arguments."""


def wire(stream: Callable[..., Any]) -> Change:
    """The answer, whose pieces are changed on their way."""

    def change(answer: Answer, scene: Scene, **args: Any) -> Answer:
        return replace(answer, wire=(*answer.wire, partial(stream, **args)))

    return change


def body(stream: Callable[..., Any]) -> Change:
    """The answer with another body."""

    def change(answer: Answer, scene: Scene, **args: Any) -> Answer:
        return replace(answer, body=stream(answer.chunks, **args))

    return change


def edit(edit: Callable[..., edits.Rows]) -> Change:
    """The answer with another table."""
    return body(edits.edited(edit))


def refresh_date(answer: Answer, scene: Scene, **args: Any) -> Answer:
    return edit(edits.refresh_date)(answer, scene, today=scene.clock.now().date(), **args)


def graph_error(answer: Answer, scene: Scene, **args: Any) -> Answer:
    return errors.graph_error(answer, scene.clock.now(), **args)


def identity_error(answer: Answer, scene: Scene, **args: Any) -> Answer:
    return errors.identity_error(answer, **args)


def redirect(answer: Answer, scene: Scene, location: str | None, status: int) -> Answer:
    if location is None:
        return errors.said(answer, status)
    true, here = answer.header("Location") or "", scene.origin + scene.request.target
    return errors.said(answer, status, b"", ("Location", location.replace("{true}", true).replace("{here}", here)))


def page(answer: Answer, scene: Scene, text: str, kind: str) -> Answer:
    return errors.said(answer, answer.status, text.encode(), ("Content-Type", kind))


def bare(answer: Answer, scene: Scene, status: int) -> Answer:
    return errors.said(answer, status)


def not_modified(answer: Answer, scene: Scene) -> Answer:
    return errors.said(answer, 304, b"", *((("ETag", answer.etag),) if answer.etag else ()))


def _headed(answer: Answer, *headers: tuple[str, str]) -> Answer:
    """The answer with those headers in place of others of the same name and of its framing."""
    gone = {"transfer-encoding", "content-length"} | {name.lower() for name, _ in headers}
    return replace(answer, headers=(*(pair for pair in answer.headers if pair[0].lower() not in gone), *headers))


def etag(answer: Answer, scene: Scene, etag: str) -> Answer:
    framed = tuple(pair for pair in answer.headers if pair == CHUNKED)
    return _headed(answer, ("ETag", etag), *framed)


def unframed(answer: Answer, scene: Scene) -> Answer:
    return replace(_headed(answer, ("Connection", "close")), body=answer.chunks)


def wrong_length(answer: Answer, scene: Scene, extra: int) -> Answer:
    whole = b"".join(answer.chunks)
    return replace(_headed(answer, ("Content-Length", str(len(whole) + extra))), body=iter((whole,)))


def packed(gzip: Callable[..., bodies.Chunks]) -> Change:
    """The answer with a compressed body, in chunks."""

    def change(answer: Answer, scene: Scene, **args: Any) -> Answer:
        return replace(_headed(answer, ("Content-Encoding", "gzip"), CHUNKED), body=gzip(answer.chunks, **args))

    return change


def packed_whole(gzip: Callable[..., bodies.Chunks]) -> Change:
    """The answer with a compressed body under its length."""

    def change(answer: Answer, scene: Scene, **args: Any) -> Answer:
        body = b"".join(gzip(answer.chunks, **args))
        return replace(_headed(answer, ("Content-Encoding", "gzip")), body=body)

    return change


def direct(answer: Answer, scene: Scene) -> Answer:
    """What is behind the redirect."""
    url = urlsplit(answer.header("Location") or "")
    download = scene.download(Request("GET", f"{url.path}?{url.query}", {}, b""))
    headers = (("Content-Type", "application/octet-stream"), ("ETag", download.etag), CHUNKED)
    return replace(errors.said(answer, 200, b"", *headers), body=download.body, etag=download.etag)


def redirect_body(answer: Answer, scene: Scene, size: int) -> Answer:
    return replace(_headed(answer, CHUNKED), body=bodies.filler(answer.chunks, size))


def token(edit: Callable[..., dict[str, Any]]) -> Change:
    """The answer with a token of other claims, signed as any other."""

    def change(answer: Answer, scene: Scene, **args: Any) -> Answer:
        content = json.loads(b"".join(answer.chunks))
        content["access_token"], claims = scene.tokens.altered(content["access_token"], partial(edit, **args))
        content["expires_on"] = str(claims["exp"])
        return replace(answer, body=json.dumps(content).encode())

    return change


def skewed(claims: dict[str, Any], seconds: int) -> dict[str, Any]:
    return claims | {name: claims[name] + seconds for name in ("iat", "nbf", "exp")}


def expired(claims: dict[str, Any], seconds: int) -> dict[str, Any]:
    return skewed(claims, claims["iat"] - claims["exp"] - seconds)


def for_another(claims: dict[str, Any], audience: str) -> dict[str, Any]:
    return claims | {"aud": audience}


def without_roles(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if name != "roles"}
