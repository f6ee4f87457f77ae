"""Changes of an answer, from which the table of faults is built."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from simulator.clock import Clock
from simulator.faults import bodies, errors, rows
from simulator.protocol.listeners import Handler
from simulator.protocol.messages import CHUNKED, Answer, Request
from simulator.protocol.tokens import Tokens


@dataclass(frozen=True)
class Context:
    """What a change may need besides the answer."""

    request: Request
    origin: str
    """The origin of the listener that answers."""
    download: Handler
    """The handler of the download host."""
    clock: Clock
    tokens: Tokens
    body: Callable[[str], bodies.Chunks] = lambda call: iter(())
    """Returns the report that a call gives now."""
    number: int = 1
    """Of the answers to the same call, since the faults were set."""


Change = Callable[..., Answer]
"""Makes another answer of an answer, the context and the arguments of the fault."""


def on_wire(stream: Callable[..., Any]) -> Change:
    """Change the pieces of the answer on their way."""

    def change(answer: Answer, context: Context, **args: Any) -> Answer:
        return replace(answer, wire=(*answer.wire, partial(stream, **args)))

    return change


def with_body(stream: Callable[..., Any]) -> Change:
    """Change the chunks of the body."""

    def change(answer: Answer, context: Context, **args: Any) -> Answer:
        return replace(answer, body=stream(answer.chunks, **args))

    return change


def with_rows(edit: Callable[..., rows.Rows]) -> Change:
    """Change the rows of the report."""
    return with_body(rows.edited(edit))


def refresh_date(answer: Answer, context: Context, **args: Any) -> Answer:
    return with_rows(rows.refresh_date)(answer, context, today=context.clock.now().date(), **args)


def shuffled(answer: Answer, context: Context) -> Answer:
    return with_rows(rows.rows_shuffled)(answer, context, number=context.number)


def other_report(answer: Answer, context: Context, call: str) -> Answer:
    return replace(answer, body=context.body(call))


def graph_error(answer: Answer, context: Context, **args: Any) -> Answer:
    return errors.graph_error(answer, context.clock.now(), **args)


def identity_error(answer: Answer, context: Context, **args: Any) -> Answer:
    return errors.identity_error(answer, **args)


def redirect(answer: Answer, context: Context, location: str | None, status: int) -> Answer:
    if location is None:
        return errors.replaced(answer, status)
    true, here = answer.header("Location") or "", context.origin + context.request.target
    return errors.replaced(answer, status, b"", ("Location", location.replace("{true}", true).replace("{here}", here)))


def page(answer: Answer, context: Context, text: str, kind: str) -> Answer:
    return errors.replaced(answer, answer.status, text.encode(), ("Content-Type", kind))


def bare(answer: Answer, context: Context, status: int) -> Answer:
    return errors.replaced(answer, status)


def not_modified(answer: Answer, context: Context) -> Answer:
    return errors.replaced(answer, 304, b"", *((("ETag", answer.etag),) if answer.etag else ()))


def _with_headers(answer: Answer, *headers: tuple[str, str]) -> Answer:
    """Return the answer with these headers in place of its framing and of others of the same name."""
    dropped = {"transfer-encoding", "content-length"} | {name.lower() for name, _ in headers}
    return replace(answer, headers=(*(pair for pair in answer.headers if pair[0].lower() not in dropped), *headers))


def etag(answer: Answer, context: Context, etag: str) -> Answer:
    framing = tuple(pair for pair in answer.headers if pair == CHUNKED)
    return _with_headers(answer, ("ETag", etag), *framing)


def unframed(answer: Answer, context: Context) -> Answer:
    return replace(_with_headers(answer, ("Connection", "close")), body=answer.chunks)


def wrong_length(answer: Answer, context: Context, extra: int) -> Answer:
    whole = b"".join(answer.chunks)
    return replace(_with_headers(answer, ("Content-Length", str(len(whole) + extra))), body=iter((whole,)))


def packed(gzip: Callable[..., bodies.Chunks]) -> Change:
    """Compress the body, in chunks."""

    def change(answer: Answer, context: Context, **args: Any) -> Answer:
        return replace(_with_headers(answer, ("Content-Encoding", "gzip"), CHUNKED), body=gzip(answer.chunks, **args))

    return change


def packed_whole(gzip: Callable[..., bodies.Chunks]) -> Change:
    """Compress the body, and send it with its length."""

    def change(answer: Answer, context: Context, **args: Any) -> Answer:
        body = b"".join(gzip(answer.chunks, **args))
        return replace(_with_headers(answer, ("Content-Encoding", "gzip")), body=body)

    return change


def direct(answer: Answer, context: Context) -> Answer:
    """Answer with what the redirect leads to."""
    url = urlsplit(answer.header("Location") or "")
    download = context.download(Request("GET", f"{url.path}?{url.query}", {}, b""))
    headers = (("Content-Type", "application/octet-stream"), ("ETag", download.etag), CHUNKED)
    return replace(errors.replaced(answer, 200, b"", *headers), body=download.body, etag=download.etag)


def no_content(answer: Answer, context: Context) -> Answer:
    return errors.replaced(answer, 204)


def redirect_body(answer: Answer, context: Context, size: int) -> Answer:
    return replace(_with_headers(answer, CHUNKED), body=bodies.filler(answer.chunks, size))


def token(edit: Callable[..., dict[str, Any]]) -> Change:
    """Change the claims of the token, which is signed as any other."""

    def change(answer: Answer, context: Context, **args: Any) -> Answer:
        content = json.loads(b"".join(answer.chunks))
        content["access_token"], claims = context.tokens.altered(content["access_token"], partial(edit, **args))
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
