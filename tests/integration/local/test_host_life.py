"""How the stand-in for the Functions host starts an app, and how it ends."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from local.functions_host.host import AppError, FunctionsHost

WriteApp = Callable[[str], Path]


def test_a_host_that_stops_finishes_what_it_was_asked(write_app: WriteApp) -> None:
    app = write_app(
        """
        import threading
        import azure.functions as func

        app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
        entered, leave = threading.Event(), threading.Event()

        @app.route()
        def wait(req: func.HttpRequest) -> func.HttpResponse:
            entered.set()
            leave.wait(10)
            return func.HttpResponse("done")
        """,
    )
    host = FunctionsHost(app)
    host.start()
    function_app: Any = sys.modules["function_app"]
    answers: list[str] = []
    idle = HTTPConnection(host.url.removeprefix("http://"))
    idle.connect()
    client = Thread(target=lambda: answers.append(requests.get(f"{host.url}/api/wait").text))
    client.start()
    function_app.entered.wait(10)
    stopping = Thread(target=host.stop)
    stopping.start()
    function_app.leave.set()
    stopping.join()
    client.join()
    assert answers == ["done"]
    assert idle.sock.recv(1) == b""
    idle.close()


def test_a_host_that_stops_does_not_wait_for_a_timer(write_app: WriteApp) -> None:
    app = write_app(
        """
        import threading
        import azure.functions as func

        app = func.FunctionApp()
        entered, leave = threading.Event(), threading.Event()

        @app.timer_trigger(arg_name="timer", schedule="0 0 0 * * *")
        def pull(timer: func.TimerRequest) -> None:
            entered.set()
            leave.wait(10)
        """,
    )
    with ThreadPoolExecutor() as pool, FunctionsHost(app) as host:
        function_app: Any = sys.modules["function_app"]
        run = pool.submit(host.run_timer, "pull")
        function_app.entered.wait(10)
        host.stop()
        with pytest.raises(CancelledError):
            run.result()
        function_app.leave.set()


@pytest.mark.parametrize(
    ("source", "says"),
    [
        pytest.param("import nothing_of_the_kind", "nothing_of_the_kind", id="an import fails"),
        pytest.param("raise ValueError('the reason')", "ValueError: the reason", id="the module raises"),
        pytest.param("import azure.functions as func\napp = func.FunctionApp()", "no functions", id="no functions"),
        pytest.param(
            """
            import azure.functions as func
            app = func.FunctionApp()

            @app.timer_trigger(arg_name="timer", schedule="%NOT_SET%")
            def pull(timer: func.TimerRequest) -> None: ...
            """,
            "'%NOT_SET%' does not resolve",
            id="a setting is missing",
        ),
        pytest.param(
            """
            import azure.functions as func
            app = func.FunctionApp()

            @app.timer_trigger(arg_name="clock", schedule="0 0 0 * * *")
            def pull(timer: func.TimerRequest) -> None: ...
            """,
            "cannot load the pull function",
            id="a parameter is not bound",
        ),
        pytest.param(
            """
            import azure.functions as func
            app = func.FunctionApp()

            @app.route(route="{x:unheard_of}")
            def get(req: func.HttpRequest) -> func.HttpResponse: ...
            """,
            "unheard_of",
            id="a route is not understood",
        ),
    ],
)
def test_an_app_that_cannot_be_loaded_says_why(write_app: WriteApp, source: str, says: str) -> None:
    with pytest.raises(AppError, match=says):
        FunctionsHost(write_app(source)).start()


def test_the_route_prefix_and_the_port_can_be_chosen(write_app: WriteApp) -> None:
    app = write_app(
        """
        import azure.functions as func
        app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

        @app.route()
        def hello(req: func.HttpRequest) -> str:
            return "hello"
        """,
    )
    (app / "host.json").write_text('{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}', "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with FunctionsHost(app, port=port) as host:
        assert host.url == f"http://127.0.0.1:{port}"
        assert requests.get(f"{host.url}/hello").text == "hello"
