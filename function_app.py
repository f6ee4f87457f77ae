"""The triggers, and nothing else: what they do is in `shared/`."""

import os
from typing import List  # noqa: UP035

import azure.functions as func

from shared.app import app as archive_app
from shared.fleet import fleet
from shared.settings import http_auth_level
from shared.web.azure import respond
from shared.web.dashboard import serve

app = func.FunctionApp(http_auth_level=func.AuthLevel[http_auth_level(os.environ)])

QUEUE = "pull"
QUEUE_OF_TENANTS = "pulls"
HOST_STORAGE = "AzureWebJobsStorage"
"""Begins the settings of the storage account of the Functions host."""

# The routes leave the methods out, because the host answers 404 and not 405 to one that is not listed:
# https://github.com/Azure/azure-functions-host/issues/11625


@app.timer_trigger(arg_name="timer", schedule="%PULL_SCHEDULE%", run_on_startup=False, use_monitor=True)
@app.queue_output(arg_name="messages", queue_name=QUEUE_OF_TENANTS, connection=HOST_STORAGE)
def pull(timer: func.TimerRequest, messages: func.Out[List[str]]) -> None:  # noqa: UP006 - list[str] keeps it from loading
    """Pull every report that is due; or ask for a run of each tenant, where there are many."""
    fleet().pull_all(messages.set)


@app.queue_trigger(arg_name="message", queue_name=QUEUE_OF_TENANTS, connection=HOST_STORAGE)
@app.queue_output(arg_name="rest", queue_name=QUEUE_OF_TENANTS, connection=HOST_STORAGE)
def pull_tenant(message: func.QueueMessage, rest: func.Out[str]) -> None:
    """Pull every report of one tenant that is due."""
    fleet().pull_one(message.get_body().decode(), message.id or "", rest.set)


@app.route(route="pull", auth_level=func.AuthLevel.FUNCTION)
@app.queue_output(arg_name="message", queue_name=QUEUE, connection=HOST_STORAGE)
def pull_now(req: func.HttpRequest, message: func.Out[str]) -> func.HttpResponse:
    """Ask for a run now; with a key of its own, whoever is signed in."""
    return respond(req, lambda request: archive_app().api.pull(request, message.set), methods=["POST"])


@app.queue_trigger(arg_name="message", queue_name=QUEUE, connection=HOST_STORAGE)
@app.queue_output(arg_name="messages", queue_name=QUEUE_OF_TENANTS, connection=HOST_STORAGE)
def pull_as_asked(message: func.QueueMessage, messages: func.Out[List[str]]) -> None:  # noqa: UP006 - as above
    """Pull every report that is due, as somebody asked for it."""
    fleet().pull_as_asked(message.get_body().decode(), messages.set)


@app.route(route="{version}/{*path}")
def reports(req: func.HttpRequest) -> func.HttpResponse:
    """Serve the reports without personal data."""
    return respond(req, lambda request: archive_app().api.reports(request, personal=False))


@app.route(route="personal/{version}/{*path}", auth_level=func.AuthLevel.FUNCTION)
def personal_reports(req: func.HttpRequest) -> func.HttpResponse:
    """Serve every report, those with personal data too; with a key of its own, whoever is signed in."""
    return respond(req, lambda request: archive_app().api.reports(request, personal=True))


@app.route(route="tenants/{*path}")
def tenants(req: func.HttpRequest) -> func.HttpResponse:
    """Tell how all tenants stand, and serve the reports of each without personal data."""
    return respond(req, lambda request: fleet().api.answer(request, personal=False), parts=["path"])


@app.route(route="tenants/{tenant}/personal/{*path}", auth_level=func.AuthLevel.FUNCTION)
def personal_tenants(req: func.HttpRequest) -> func.HttpResponse:
    """Serve every report of a tenant, those with personal data too; with a key of its own, whoever is signed in."""
    return respond(req, lambda request: fleet().api.answer(request, personal=True), parts=["tenant", "path"])


@app.route(route="tenants/{tenant}/pseudonymous/{*path}", auth_level=func.AuthLevel.FUNCTION)
def pseudonymous_tenants(req: func.HttpRequest) -> func.HttpResponse:
    """Serve the reports of a tenant with personal data without who it is; with a key of its own."""
    return respond(req, lambda request: fleet().api.pseudonymous(request), parts=["tenant", "path"])


@app.route(route="pseudonymous/{version}/{*path}", auth_level=func.AuthLevel.FUNCTION)
def pseudonymous_reports(req: func.HttpRequest) -> func.HttpResponse:
    """Serve the reports with personal data without who it is; with a key of its own, whoever is signed in."""
    return respond(req, lambda request: archive_app().api.pseudonymous(request))


@app.route(route="status/{*path}")
def status(req: func.HttpRequest) -> func.HttpResponse:
    """Tell how each call stands since the last run, and what the live service really does."""
    return respond(req, lambda request: fleet().status(request))


@app.route(route="health", auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:
    """Tell in one word whether the archive lives."""
    return respond(req, lambda request: fleet().health())


@app.route(route="openapi.json", auth_level=func.AuthLevel.ANONYMOUS)
def openapi(req: func.HttpRequest) -> func.HttpResponse:
    """Describe these routes for machines."""
    return respond(req, lambda request: archive_app().api.openapi(request))


@app.route(route="dashboard/{*path}", auth_level=func.AuthLevel.ANONYMOUS)
def dashboard(req: func.HttpRequest) -> func.HttpResponse:
    """Serve the page for people and its modules, which have no data in them: the page asks for a key."""
    return respond(req, serve)
