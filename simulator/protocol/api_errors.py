"""Everything Graph refuses, with the published error codes and messages.

Refusal
|-- UnknownSegment    400  name unknown, or call written wrongly
|-- InvalidArgument   400  value out of range, or format not offered
|-- InvalidToken      401  bearer missing, expired, forged or for someone else
|-- MissingPermission 403  the token lacks Reports.Read.All
`-- TooManyRequests   429  limit of the function reached
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """An answer that is an error."""

    status: ClassVar[int]
    code: ClassVar[str]
    function = ""
    """The function whose limit the request counts for, if it got so far as to name one."""

    def body(self, inner: dict[str, str]) -> dict[str, Any]:
        """The JSON body around the inner error, which holds the date and the request ids."""
        return {"error": {"code": self.code, "message": str(self), "innerError": inner}}


class UnknownSegment(Refusal):
    """Seen in github.com/centreon/centreon-plugins/issues/2305 and github.com/davidmoten/odata-client/issues/93."""

    status = 400
    code = "BadRequest"

    def __init__(self, segment: str) -> None:
        super().__init__(f"Resource not found for the segment '{segment}'.")


class InvalidArgument(Refusal):
    """Seen in github.com/microsoftgraph/microsoft-graph-docs/issues/8946."""

    status = 400
    code = "InvalidArgument"


class InvalidToken(Refusal):
    """Seen in github.com/elastic/integrations (o365_metrics)."""

    status = 401
    code = "InvalidAuthenticationToken"


class MissingPermission(Refusal):
    """Seen in github.com/microsoftgraph/msgraph-sdk-dotnet/issues/317."""

    status = 403
    code = "S2SUnauthorized"

    def __init__(self) -> None:
        super().__init__("Invalid permission.")


class TooManyRequests(Refusal):
    """https://learn.microsoft.com/graph/throttling."""

    status = 429
    code = "TooManyRequests"

    def __init__(self, retry_after: int) -> None:
        super().__init__("Please retry again later.")
        self.retry_after = retry_after
        """Seconds until the next slot is free."""

    def body(self, inner: dict[str, str]) -> dict[str, Any]:
        told = {"code": "429", "message": "Please retry after", "status": "429", **inner}
        return {"error": {"code": self.code, "innerError": told, "message": str(self)}}
