"""Further tenants, of a provider's customers: each has its own people, reports and limits."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock

from simulator.protocol.api_errors import InvalidToken
from simulator.protocol.graph import Graph
from simulator.protocol.limits import Limits
from simulator.protocol.messages import Answer, Request
from simulator.protocol.tokens import Tokens
from simulator.tenant.names import guid
from simulator.tenant.publication import Publication
from simulator.tenant.tenant import Tenant


@dataclass(frozen=True)
class Customer:
    """A tenant, and the Graph that shows it."""

    publication: Publication
    limits: Limits
    graph: Graph


class Customers(Mapping[str, Customer]):
    """The tenants by id; each is made when it is first asked for."""

    def __init__(self, number: int, users: int, seed: int, new_graph: Callable[[Publication, Limits], Graph]) -> None:
        """`number` tenants of about `users` people each; `new_graph` makes the Graph that shows one."""
        self._seeds = {guid(seed, f"tenant {each}"): seed + 1000 * each for each in range(1, number + 1)}
        self._users = users
        self._new_graph = new_graph
        self._lock = Lock()
        self._made: dict[str, Customer] = {}

    def __getitem__(self, id_: str) -> Customer:
        with self._lock:
            if id_ not in self._made:
                publication, limits = Publication(Tenant(self._users, self._seeds[id_])), Limits()
                self._made[id_] = Customer(publication, limits, self._new_graph(publication, limits))
            return self._made[id_]

    def __iter__(self) -> Iterator[str]:
        return iter(self._seeds)

    def __len__(self) -> int:
        return len(self._seeds)


class GraphOfAll:
    """Graph at one address: the token tells whose reports are asked for."""

    def __init__(self, home: Graph, customers: Customers, tokens: Tokens) -> None:
        self._home = home
        self._customers = customers
        self._tokens = tokens

    def answer(self, request: Request) -> Answer:
        """Return the answer of the tenant that the token is of; that of the first one to a bad token."""
        try:
            tenant = str(self._tokens.claims(request.headers.get("authorization"))["tid"])
        except InvalidToken:
            tenant = ""
        graph = self._customers[tenant].graph if tenant in self._customers else self._home
        return graph.answer(request)
