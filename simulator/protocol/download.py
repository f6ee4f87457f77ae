"""The host of the preauthenticated URLs, with the headers of the public capture of 2019-08-28
(https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/534).

What Graph answers to a used or expired URL is not published. Here it is 404 if unknown or used, 410 if expired. A
request with an Authorization header is answered with 401, and the URL stays good.
"""

from uuid import uuid4

from simulator.clock import Clock
from simulator.protocol.download_urls import DownloadUrls, ExpiredError
from simulator.protocol.messages import CHUNKED, Answer, Request

PATH = "/data/v1.0/download"


class Download:
    """Sends the CSV behind a URL."""

    def __init__(self, urls: DownloadUrls, clock: Clock) -> None:
        self._urls = urls
        self._clock = clock

    def answer(self, request: Request) -> Answer:
        """Return the file, or an error without a body."""
        if "authorization" in request.headers:
            return Answer(401)
        if request.path != PATH:
            return Answer(404)
        now = self._clock.now()
        try:
            found = self._urls.redeem(request.query.get("token", ""), now.timestamp())
        except ExpiredError:
            return Answer(410)
        if found is None:
            return Answer(404)
        publication, snapshot = found
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
        return Answer(200, headers, publication.chunks(snapshot), str(snapshot.call), snapshot.etag)
