"""The least that a function can do: what the runtime itself costs."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="constant")
def constant(req: func.HttpRequest) -> func.HttpResponse:
    """Always the same: as many bytes as it is asked for."""
    return func.HttpResponse(bytes(int(req.params.get("size", 8))), mimetype="application/octet-stream")
