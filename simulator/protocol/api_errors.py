"""The errors of Graph, with the published codes and messages.

ApiError
|-- UnknownSegment    400  the name is unknown, or the call is malformed
|-- InvalidArgument   400  a value is out of range, or the format is not offered
|-- InvalidToken      401  the bearer is missing, expired, forged or for another audience
|-- MissingPermission 403  the token lacks Reports.Read.All
|-- NotPrivileged     403  the token lacks what a collection of the directory needs
|-- MissingAuditPermission 403  the token lacks what sign-ins need
|-- InvalidQuery      400  the query of a collection is not understood
`-- TooManyRequests   429  the limit of the function is reached
"""

from typing import Any, ClassVar


class ApiError(Exception):
    """An answer that is an error."""

    status: ClassVar[int]
    code: ClassVar[str]
    function = ""
    """The function whose limit the request counts for; empty if the path names none."""

    def body(self, inner: dict[str, str]) -> dict[str, Any]:
        """Return the JSON body around the inner error, which holds the date and the request ids."""
        return {"error": {"code": self.code, "message": str(self), "innerError": inner}}


class UnknownSegment(ApiError):
    """Seen in github.com/centreon/centreon-plugins/issues/2305 and github.com/davidmoten/odata-client/issues/93."""

    status = 400
    code = "BadRequest"

    def __init__(self, segment: str) -> None:
        super().__init__(f"Resource not found for the segment '{segment}'.")


class InvalidArgument(ApiError):
    """Seen in github.com/microsoftgraph/microsoft-graph-docs/issues/8946."""

    status = 400
    code = "InvalidArgument"


class InvalidToken(ApiError):
    """Seen in github.com/elastic/integrations (o365_metrics)."""

    status = 401
    code = "InvalidAuthenticationToken"


class MissingPermission(ApiError):
    """Seen in github.com/microsoftgraph/msgraph-sdk-dotnet/issues/317."""

    status = 403
    code = "S2SUnauthorized"

    def __init__(self) -> None:
        super().__init__("Invalid permission.")


class NotPrivileged(ApiError):
    """https://learn.microsoft.com/graph/resolve-auth-errors."""

    status = 403
    code = "Authorization_RequestDenied"

    def __init__(self) -> None:
        super().__init__("Insufficient privileges to complete the operation.")


class MissingAuditPermission(ApiError):
    """Seen in github.com/microsoftgraph/msgraph-sdk-powershell/issues/1898."""

    status = 403
    code = "Authentication_MSGraphPermissionMissing"

    def __init__(self) -> None:
        detail = (
            "The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All to call this API."
        )
        super().__init__(detail)


class InvalidQuery(ApiError):
    """https://learn.microsoft.com/graph/aad-advanced-queries, #error-handling-for-advanced-queries."""

    status = 400

    def __init__(self, code: str, message: str) -> None:
        self._code = code
        super().__init__(message)

    def body(self, inner: dict[str, str]) -> dict[str, Any]:
        return {"error": {"code": self._code, "message": str(self), "innerError": inner}}


class TooManyRequests(ApiError):
    """https://learn.microsoft.com/graph/throttling. Reports often do not say when to come back, so this does not."""

    status = 429
    code = "TooManyRequests"

    def __init__(self) -> None:
        super().__init__("Please retry again later.")

    def body(self, inner: dict[str, str]) -> dict[str, Any]:
        inner = {"code": "429", "message": "Please retry after", "status": "429", **inner}
        return {"error": {"code": self.code, "innerError": inner, "message": str(self)}}
