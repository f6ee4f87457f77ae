"""A client that does what Graph asks for, and a little of what it must not."""

import csv
import io
import json
from base64 import urlsafe_b64decode
from datetime import datetime, timedelta
from typing import Any, Self

import requests

from simulator import Simulator

BOM = "\ufeff"
CALL = "getOffice365ServicesUserCounts(period='D7')"
OTHER = "getEmailActivityCounts(period='D7')"
Rows = list[dict[str, str]]


class Client:
    """Pulls reports and steers the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False  # loopback, whatever proxy there is
        self.token = self.new_token()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def identity(self, secret: str | None = None, **query: str | None) -> requests.Response:
        """The answer of the identity endpoint to a query for Graph; None leaves a parameter out."""
        query = {"resource": self.simulator.graph_endpoint, "api-version": "2019-08-01", **query}
        header = {"X-IDENTITY-HEADER": secret or self.simulator.identity_header}
        return self.session.get(self.simulator.identity_endpoint, params=query, headers=header)

    def new_token(self, resource: str | None = None) -> str:
        """A token for Graph, or for another resource."""
        token: str = self.identity(resource=resource or self.simulator.graph_endpoint).json()["access_token"]
        return token

    def get(self, path: str, token: str | None = None, **headers: str) -> requests.Response:
        """Graph's answer for a path; the redirect is not followed."""
        bearer = {"Authorization": f"Bearer {self.token if token is None else token}"}
        url = self.simulator.graph_endpoint + path
        return self.session.get(url, headers={**bearer, **headers}, allow_redirects=False)

    def call(self, call: str, version: str = "v1.0", token: str | None = None, **headers: str) -> requests.Response:
        """Graph's answer to a report call."""
        return self.get(f"/{version}/reports/{call}", token, **headers)

    def statuses(self, times: int, call: str = CALL, **options: str) -> list[int]:
        """The statuses of that many calls."""
        return [self.call(call, **options).status_code for _ in range(times)]

    def download(self, answer: requests.Response, **headers: str) -> requests.Response:
        """The answer to the redirect."""
        assert answer.status_code == 302, answer.text
        return self.session.get(answer.headers["Location"], headers=headers)

    def pull(self, call: str, version: str = "v1.0") -> bytes:
        """The bytes of the report."""
        return self.download(self.call(call, version)).content

    def rows(self, call: str, version: str = "v1.0") -> Rows:
        """The rows of the report by column."""
        return rows(self.pull(call, version))

    def direct_rows(self, path: str) -> Rows:
        """The rows of a report that answers without a redirect."""
        return rows(self.get(path).content)

    def steer(self, method: str, path: str, json: Any = None, **query: str) -> Any:
        """The answer of the control API."""
        answer = self.session.request(method, self.simulator.control + path, json=json, params=query)
        answer.raise_for_status()
        return answer.json()

    def set_faults(self, *rules: dict[str, Any], **scenario: Any) -> None:
        """These rules and no others."""
        self.steer("PUT", "/faults", {"rules": rules, **scenario})

    def set_fault(self, fault: str, listener: str = "", **args: Any) -> None:
        """One rule: that fault with these arguments, once, at its usual listener or another."""
        self.set_faults({"fault": fault, "args": args, "match": {"listener": listener} if listener else {}})

    def visible(self, report: str) -> str:
        """The newest refresh date of a report."""
        date: str = self.steer("GET", "/visible", report=report)["refresh_date"]
        return date

    def wait(self, **span: float) -> None:
        """Let simulated time pass."""
        now = datetime.fromisoformat(self.steer("GET", "/clock")["now"])
        self.steer("PUT", "/clock", {"now": (now + timedelta(**span)).isoformat()})


def rows(content: bytes) -> Rows:
    """The rows of a CSV with BOM by column."""
    text = content.decode()
    assert text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline="")))


def claims(token: str) -> dict[str, Any]:
    """The claims of a token."""
    part = token.split(".")[1]
    content: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return content
