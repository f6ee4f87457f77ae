"""A stand-in for the Azure Functions host around Microsoft's own Python worker library, driven in process.

Here is what the host does and the library does not: routes, keys, the translation of HTTP, queues, timers by hand. The
quirks are those of the real host, https://github.com/Azure/azure-functions-host. One host at a time in a process: the
library keeps the app in module state.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from hmac import compare_digest
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, quote

import azure_functions_runtime as worker  # type: ignore[import-untyped]

from local.functions_host import worker_messages as protos
from local.functions_host.http_server import Request, Response, WebServer
from local.functions_host.queues import MemoryQueue, Message, Queue, QueueTrigger
from local.functions_host.routes import Route, RouteError, decoded

T = TypeVar("T")
logger = logging.getLogger(__name__)

MASTER_KEY = "_master"
HOST_KEY = "_host"
_TIMER = json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False})
_GRACE_SECONDS = 5
NOTHING: Mapping[str, protos.TypedData] = MappingProxyType({})
# What stays as it is in the path of the URL that a function gets.
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~"


class AppError(Exception):
    """The app does not start; says why, as the host would."""


class FunctionError(Exception):
    """A function raised; carries the text and the traceback of what it raised."""


@dataclass(frozen=True)
class Function:
    """A function of the app, as its trigger describes it, with `%SETTING%` filled in."""

    name: str
    id: str
    trigger: Mapping[str, Any]
    outputs: Mapping[str, str] = field(default_factory=dict)
    """By the name of an output binding, the queue that its messages go to."""

    @property
    def is_queue(self) -> bool:
        return bool(self.trigger["type"] == "queueTrigger")

    @property
    def is_http(self) -> bool:
        return bool(self.trigger["type"] == "httpTrigger")

    @property
    def is_timer(self) -> bool:
        return bool(self.trigger["type"] == "timerTrigger")

    @property
    def auth_level(self) -> str:
        return str(self.trigger["authLevel"]).lower()

    @property
    def route(self) -> str:
        return str(self.trigger.get("route") or self.name)

    def takes(self, method: str) -> bool:
        methods = self.trigger.get("methods")
        return not methods or method in (str(each).upper() for each in methods)


class FunctionsHost:
    """Runs the app in `app_directory` and serves it over HTTP, between `start` and `stop` or in a `with` block.

    `keys` maps function names, `MASTER_KEY` and `HOST_KEY` to keys; those not given are made. The app's settings are
    the environment variables. `log` gets all that the app and the host log. `new_queue` opens the queue of a name.
    """

    functions: Mapping[str, Function]
    keys: Mapping[str, str]
    queues: Mapping[str, QueueTrigger]
    url: str

    def __init__(
        self,
        app_directory: Path,
        keys: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        log: logging.Handler | None = None,
        new_queue: Callable[[str], Queue] = lambda name: MemoryQueue(),
    ) -> None:
        self._app_directory = app_directory
        self._given_keys = keys or {}
        self._port = port
        self._log = log or logging.NullHandler()
        self._new_queue = new_queue
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="functions worker", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Loads the app, and serves it. Raises AppError if the app cannot be loaded, OSError if the port is taken."""
        with ExitStack() as undo:
            root = logging.getLogger()
            root.addHandler(self._log)
            undo.callback(root.removeHandler, self._log)
            undo.callback(root.setLevel, root.level)
            root.setLevel(logging.INFO)
            # What the library logs as an error, it answers to the host as well.
            logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
            undo.enter_context(_importable(self._app_directory))
            undo.callback(self._stop_worker)
            self._thread.start()
            worker.start_threadpool_executor()
            self.functions = {function.name: function for function in self._load()}
            made = {name: secrets.token_urlsafe(32) for name in (MASTER_KEY, HOST_KEY, *self.functions)}
            self.keys = made | dict(self._given_keys)
            settings = self._settings()
            self._routes = self._http_routes(settings)
            self.queues = self._queue_triggers(settings)
            for queue in self.queues.values():
                undo.callback(queue.stop, _GRACE_SECONDS)
                queue.start()
            server = WebServer(self._answer, self._port)
            server.start()
            undo.callback(server.stop, _GRACE_SECONDS)
            self.url = server.url
            self._cleanup = undo.pop_all()

    def stop(self) -> None:
        """Gives requests and messages under way five seconds to end, and waits for nothing else.

        A function that still runs is no longer listened to. Its thread cannot be ended from within the process, and
        keeps it alive until the function returns, unless the process ends with `os._exit`.
        """
        self._cleanup.close()

    def _stop_worker(self) -> None:
        worker.get_threadpool_executor().shutdown(wait=False, cancel_futures=True)
        self._submit(_cancel_invocations()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run_timer(self, name: str) -> None:
        """Runs the timer function `name` now. Raises FunctionError if it raises, CancelledError if the host stops."""
        function = self.functions[name]
        self._submit(self._invoke(function, protos.TypedData(json=_TIMER))).result()

    def _settings(self) -> Mapping[str, Any]:
        """Those of the extensions in host.json, if there are any."""
        try:
            settings = json.loads((self._app_directory / "host.json").read_text("utf-8"))
        except FileNotFoundError:
            settings = {}
        return dict(settings.get("extensions", {}))

    def _queue_triggers(self, settings: Mapping[str, Any]) -> dict[str, QueueTrigger]:
        of_queues = settings.get("queues", {})
        by_name = {each.trigger["queueName"]: each for each in self.functions.values() if each.is_queue}
        return {
            name: QueueTrigger(
                name, partial(self._take, each), of_queues, self._new_queue(name), self._new_queue(f"{name}-poison")
            )
            for name, each in by_name.items()
        }

    def _take(self, function: Function, message: Message) -> None:
        """Runs a function for a message of its queue. Raises FunctionError, CancelledError."""
        count = str(message.dequeue_count)
        told = {"Id": protos.TypedData(string=message.id), "DequeueCount": protos.TypedData(string=count)}
        self._submit(self._invoke(function, protos.TypedData(string=message.text), told)).result()

    # -- the worker ----------------------------------------------------------------------------------------------------

    def _submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _load(self) -> list[Function]:
        init = protos.WorkerInitRequest(str(self._app_directory))
        request = protos.WorkerRequest(protos.StreamingMessage(worker_init_request=init), {"protos": protos})
        answer: protos.WorkerInitResponse = self._submit(worker.worker_init_request(request)).result()
        if answer.result.exception:
            raise AppError(answer.result.exception.stack_trace or answer.result.exception.message)
        metadata: protos.FunctionMetadataResponse = self._submit(worker.functions_metadata_request(request)).result()
        if not metadata.function_metadata_results:
            raise AppError(f"no functions found in {self._app_directory / 'function_app.py'}")
        return [_function(each) for each in metadata.function_metadata_results]

    async def _invoke(
        self, function: Function, data: protos.TypedData, told: Mapping[str, protos.TypedData] = NOTHING
    ) -> protos.TypedData:
        """Runs a function for what triggered it, `told` beside; sends what it puts out. Raises FunctionError."""
        invocation = protos.InvocationRequest(
            str(uuid.uuid4()), function.id, [protos.ParameterBinding(function.trigger["name"], data)], dict(told)
        )
        started = time.perf_counter()
        answer: protos.InvocationResponse = await worker.invocation_request(
            protos.WorkerRequest(protos.StreamingMessage(invocation_request=invocation))
        )
        error = answer.result.exception
        outcome = "Failed" if error else "Succeeded"
        duration = (time.perf_counter() - started) * 1000
        logger.log(
            logging.ERROR if error else logging.INFO,
            "Executed 'Functions.%s' (%s, Id=%s, Duration=%.0fms)%s",
            *(function.name, outcome, invocation.invocation_id, duration, f"\n{error.stack_trace}" if error else ""),
        )
        if error:
            raise FunctionError(error.message)
        for sent in answer.output_data:
            for message in json.loads(sent.data.json) if sent.data.json else [sent.data.string or ""]:
                self.queues[function.outputs[sent.name]].put(message)
        return answer.return_value or protos.TypedData()

    # -- HTTP ----------------------------------------------------------------------------------------------------------

    def _http_routes(self, settings: Mapping[str, Any]) -> list[tuple[Route, Function]]:
        prefix = settings.get("http", {}).get("routePrefix", "api")
        try:
            routes = [(Route.parse(f"{prefix}/{each.route}"), each) for each in self.functions.values() if each.is_http]
        except RouteError as error:
            raise AppError(str(error)) from None
        return sorted(routes, key=lambda route: route[0].precedence)

    def _answer(self, request: Request) -> Response:
        raw_path, _, raw_query = request.target.partition("?")
        path, query = decoded(raw_path), _query(raw_query)
        key = request.headers.get("x-functions-key") or query.get("code", "")
        if name := re.fullmatch("/admin/functions/([^/]+)", path):
            return self._admin(request.method, name[1], key)
        for route, function in self._routes:
            if function.takes(request.method) and (values := route.match(path)) is not None:
                break
        else:
            return Response(HTTPStatus.NOT_FOUND)
        if not self._is_allowed(function, key):
            return Response(HTTPStatus.UNAUTHORIZED)
        url = f"http://{request.headers.get('host', '')}{quote(path, safe=_PATH_CHARACTERS)}"
        data = protos.RpcHttp(
            method=request.method,
            url=f"{url}?{raw_query}" if raw_query else url,
            headers={name: value for name, value in request.headers.items() if value},
            params=values,
            query=query,
            body=protos.TypedData(bytes=request.body) if request.body else protos.TypedData(),
        )
        try:
            answer = self._submit(self._invoke(function, protos.TypedData(http=data))).result()
        except FunctionError:
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR)
        return _response(answer)

    def _admin(self, method: str, name: str, key: str) -> Response:
        """https://learn.microsoft.com/azure/azure-functions/functions-manually-run-non-http"""
        if not self._holds(key, MASTER_KEY):
            return Response(HTTPStatus.UNAUTHORIZED)
        function = self.functions.get(name)
        if method != "POST" or not function or not function.is_timer:
            return Response(HTTPStatus.NOT_FOUND)
        self._submit(self._invoke(function, protos.TypedData(json=_TIMER)))
        return Response(HTTPStatus.ACCEPTED)

    def _is_allowed(self, function: Function, key: str) -> bool:
        match function.auth_level:
            case "anonymous":
                return True
            case "function":
                return self._holds(key, function.name, HOST_KEY, MASTER_KEY)
            case _:
                return self._holds(key, MASTER_KEY)

    def _holds(self, key: str, *names: str) -> bool:
        return any(compare_digest(key.encode(), self.keys[name].encode()) for name in names)


async def _cancel_invocations() -> None:
    invocations = asyncio.all_tasks() - {asyncio.current_task()}
    for invocation in invocations:
        invocation.cancel()
    await asyncio.gather(*invocations, return_exceptions=True)


@contextmanager
def _importable(app_directory: Path) -> Iterator[None]:
    """Lets `function_app` be found there, and loaded anew."""
    sys.modules.pop("function_app", None)
    sys.path.insert(0, str(app_directory))
    try:
        yield
    finally:
        sys.path.remove(str(app_directory))
        sys.modules.pop("function_app", None)


def _function(metadata: protos.RpcFunctionMetadata) -> Function:
    bindings = [json.loads(_with_settings(raw)) for raw in metadata.raw_bindings]
    trigger = next(binding for binding in bindings if binding["type"].lower().endswith("trigger"))
    outputs = {each["name"]: each["queueName"] for each in bindings if each["type"] == "queue"}
    return Function(metadata.name, metadata.function_id, trigger, outputs)


def _with_settings(binding: str) -> str:
    """The binding with each `%NAME%` replaced by the app setting of that name."""

    def setting(found: re.Match[str]) -> str:
        if (value := os.environ.get(found[1])) is None:
            raise AppError(f"'%{found[1]}%' does not resolve to a value: there is no such app setting")
        return json.dumps(value)[1:-1]

    return re.sub(r"%(\w+)%", setting, binding)


def _query(text: str) -> dict[str, str]:
    """The query as a function gets it: names without regard to case, repeated ones joined, empty ones dropped."""
    names: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        values.setdefault(names.setdefault(name.casefold(), name), []).append(value)
    return {name: joined for name, each in values.items() if (joined := ",".join(each))}


def _response(answer: protos.TypedData) -> Response:
    if not answer.http:
        return Response(HTTPStatus.OK, {"Content-Type": "text/plain; charset=utf-8"}, (answer.string or "").encode())
    body = answer.http.body.bytes if answer.http.body else None
    headers = {name: value for name, value in answer.http.headers.items() if value or name.lower() != "content-type"}
    return Response(int(answer.http.status_code), headers, body or b"")
