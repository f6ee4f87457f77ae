"""The least that a function can do: what the runtime itself costs."""

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="constant")
def constant(req: func.HttpRequest) -> func.HttpResponse:
    """Always the same."""
    return func.HttpResponse(b"constant", mimetype="text/plain")
