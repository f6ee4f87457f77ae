"""`python -m bench.canned_directory NUMBER`: a Graph with so many accounts in its directory, in full pages.

They are a page of the simulated tenant's, again and again, each under an id and an address of its own.
"""

from __future__ import annotations

import json
import sys
from datetime import date
from hashlib import blake2b
from itertools import islice
from uuid import UUID

from simulator.protocol.listeners import Listener
from simulator.protocol.messages import Answer, Request
from simulator.tenant.accounts import Accounts
from simulator.tenant.tenant import Tenant

PAGE = 999
"""The most accounts that Graph gives at once."""
_ID, _ADDRESS = "{id}", "{address}"


class _Pages:
    """The pages, and how many were asked for."""

    def __init__(self, number: int, origin: str) -> None:
        self._number = number
        self._origin = origin
        accounts = islice(Accounts(Tenant(2 * PAGE)).since(date(2026, 6, 17).toordinal()), PAGE)
        self._forms = [
            json.dumps({**account, "id": _ID, "userPrincipalName": _ADDRESS}, ensure_ascii=False)
            for _, account in accounts
        ]
        self.asked = 0

    def answer(self, request: Request) -> Answer:
        if request.path == "/asked":
            return Answer(200, (), str(self.asked).encode())
        self.asked += 1
        start = int(request.query.get("$skiptoken", "0"))
        numbers = range(start, min(self._number, start + PAGE))
        page = f'{{"@odata.count": {self._number}, "value": [{",".join(map(self._account, numbers))}]'
        if numbers.stop < self._number:
            page += f', "@odata.nextLink": "{self._origin}/v1.0/users?$skiptoken={numbers.stop}"'
        return Answer(200, (("Content-Type", "application/json"),), f"{page}}}".encode())

    def _account(self, number: int) -> str:
        id_ = UUID(bytes=blake2b(str(number).encode(), digest_size=16).digest())
        form = self._forms[number % PAGE]
        return form.replace(_ID, str(id_)).replace(_ADDRESS, f"person{number}@contoso.com")


def main() -> None:
    """Print the origin as one JSON line; end with standard input."""
    listener = Listener("127.0.0.1", 0)
    listener.start(_Pages(int(sys.argv[1]), listener.origin).answer)
    print(json.dumps({"origin": listener.origin}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
