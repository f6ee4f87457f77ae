"""A client that does what Graph asks for, and a little of what it must not."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import requests

from simulator import Simulator

BOM = "\ufeff"
Rows = list[dict[str, str]]


class Client:
    """Pulls reports and steers the simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False  # loopback, whatever proxy there is
        self.token = self.new_token()

    def identity(self, secret: str | None = None, **query: str) -> requests.Response:
        """Asks the identity endpoint."""
        header = {"X-IDENTITY-HEADER": self.simulator.identity_header if secret is None else secret}
        return self.session.get(self.simulator.identity_endpoint, params=query, headers=header)

    def new_token(self, resource: str | None = None) -> str:
        """A token for Graph, or for another resource."""
        answer = self.identity(resource=resource or self.simulator.graph_endpoint, **{"api-version": "2019-08-01"})
        token: str = answer.json()["access_token"]
        return token

    def get(self, path: str, token: str | None = None, **headers: str) -> requests.Response:
        """Asks Graph for a path, without following the redirect."""
        bearer = {"Authorization": f"Bearer {self.token if token is None else token}"}
        url = self.simulator.graph_endpoint + path
        return self.session.get(url, headers={**bearer, **headers}, allow_redirects=False)

    def call(self, call: str, version: str = "v1.0", **headers: str) -> requests.Response:
        """Makes a report call."""
        return self.get(f"/{version}/reports/{call}", **headers)

    def download(self, answer: requests.Response, **headers: str) -> requests.Response:
        """Follows the redirect."""
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
        """Uses the control address."""
        answer = self.session.request(method, self.simulator.control + path, json=json, params=query)
        answer.raise_for_status()
        return answer.json()

    def visible(self, report: str) -> str:
        """The newest refresh date of a report."""
        date: str = self.steer("GET", "/visible", report=report)["refresh_date"]
        return date

    def wait(self, **span: float) -> None:
        """Lets virtual time pass."""
        now = datetime.fromisoformat(self.steer("GET", "/clock")["now"])
        self.steer("PUT", "/clock", {"now": (now + timedelta(**span)).isoformat()})


def rows(content: bytes) -> Rows:
    """The rows of a CSV with BOM by column."""
    text = content.decode()
    assert text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline="")))
