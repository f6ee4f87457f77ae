"""The host of the preauthenticated URLs, with the headers of the public capture of 2019-08-28
(https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/534).

What Graph answers to a used or late URL is not published. Here: 404 if unknown or used, 410 if expired. A request that
carries an authorization is refused with 401 and leaves the URL good.
"""

from uuid import uuid4

from simulator.clock import Clock
from simulator.protocol.download_urls import Expired, Tickets
from simulator.protocol.messages import CHUNKED, Answer, Request
from simulator.tenant.publication import Publication

PATH = "/data/v1.0/download"


class Download:
    """Sends the CSV behind a ticket."""

    def __init__(self, publication: Publication, tickets: Tickets, clock: Clock) -> None:
        self._publication = publication
        self._tickets = tickets
        self._clock = clock

    def answer(self, request: Request) -> Answer:
        """The file, or a bare error."""
        if "authorization" in request.headers:
            return Answer(401)
        if request.path != PATH:
            return Answer(404)
        now = self._clock.now()
        try:
            snapshot = self._tickets.redeem(request.query.get("token", ""), now.timestamp())
        except Expired:
            return Answer(410)
        if snapshot is None:
            return Answer(404)
        name = snapshot.call.report.name.removeprefix("get")
        written = f"{now.month}/{now.day}/{now.year} {now.hour % 12 or 12}:{now:%M:%S %p}"
        headers = (
            ("Cache-Control", "no-cache"),
            ("Pragma", "no-cache"),
            CHUNKED,
            ("Content-Type", "application/octet-stream"),
            ("Expires", "-1"),
            ("ETag", snapshot.etag),
            ("Server", "Microsoft-IIS/10.0"),
            ("requestId", uuid4().hex.upper()),
            ("Content-Disposition", f'attachment; filename="{name}{written}.csv"'),
            ("X-Powered-By", "ASP.NET"),
        )
        return Answer(200, headers, self._publication.chunks(snapshot), str(snapshot.call), snapshot.etag)
