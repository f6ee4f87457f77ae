"""A queue of Azure's queue service, or Azurite's, spoken to over its REST API with a token as the Functions host does.

https://learn.microsoft.com/rest/api/storageservices/queue-service-rest-api
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import requests

from local.functions_host.queues import Message, Queue

SCOPE = "https://storage.azure.com/.default"
_VERSION = "2021-12-02"
_SECONDS = 30


class AzureQueue(Queue):
    """A queue, which is made if it is not there. Texts are base64 in it, as `messageEncoding` is by default.

    Each method raises OSError if the service does not answer as it should.
    """

    def __init__(self, service: str, name: str, token: Callable[[], str], ca_file: Path | None = None) -> None:
        """`service` is the URL of the queue service, `token` answers one for SCOPE, `ca_file` is what to trust."""
        self._url = f"{service}/{name}"
        self._token = token
        self._session = requests.Session()
        self._session.verify = str(ca_file) if ca_file else True
        self._session.trust_env = ca_file is None  # or REQUESTS_CA_BUNDLE wins over `verify`
        self._ask("PUT")

    def put(self, text: str) -> None:
        self._ask("POST", "/messages", text=text)

    def receive(self, seconds: float) -> Message | None:
        for each in self._messages(numofmessages="1", visibilitytimeout=_whole(seconds)):
            count = int(each.findtext("DequeueCount", ""))
            return Message(each.findtext("MessageId", ""), _text(each), count, each.findtext("PopReceipt", ""))
        return None

    def hide(self, message: Message, seconds: float) -> None:
        self._ask("PUT", _path(message), visibilitytimeout=_whole(seconds))

    def delete(self, message: Message) -> None:
        self._ask("DELETE", _path(message))

    def peek(self) -> list[str]:
        return [_text(each) for each in self._messages(peekonly="true", numofmessages="32")]

    def __len__(self) -> int:
        return int(self._ask("GET", comp="metadata").headers["x-ms-approximate-messages-count"])

    def _messages(self, **query: str) -> list[ElementTree.Element]:
        answer = self._ask("GET", "/messages", **query)
        return ElementTree.fromstring(answer.content).findall("QueueMessage")

    def _ask(self, method: str, path: str = "", *, text: str | None = None, **query: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._token()}", "x-ms-version": _VERSION}
        answer = self._session.request(
            method, self._url + path, params=query, data=_body(text), headers=headers, timeout=_SECONDS
        )
        code = answer.headers.get("x-ms-error-code", "")
        if answer.status_code == HTTPStatus.NOT_FOUND or code == "PopReceiptMismatch":
            raise LookupError(code)
        if not answer.ok:
            raise OSError(f"The queue service answered {answer.status_code} {code}.")
        return answer


def _path(message: Message) -> str:
    return f"/messages/{message.id}?popreceipt={quote(message.receipt, safe='')}"


def _whole(seconds: float) -> str:
    return str(round(seconds))


def _body(text: str | None) -> str | None:
    if text is None:
        return None
    return f"<QueueMessage><MessageText>{b64encode(text.encode()).decode()}</MessageText></QueueMessage>"


def _text(message: ElementTree.Element) -> str:
    """Return the text of a message; as it is if somebody wrote it otherwise."""
    raw = message.findtext("MessageText", "")
    try:
        return b64decode(raw, validate=True).decode()
    except (Error, UnicodeDecodeError):
        return raw
