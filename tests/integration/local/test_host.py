"""The stand-in for the Functions host treats an app as the real one does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from local.functions_host.host import HOST_KEY, MASTER_KEY, FunctionError, FunctionsHost

APP = """
    import json
    import logging
    import threading

    import azure.functions as func

    app = func.FunctionApp()
    together = threading.Barrier(4)
    ANONYMOUS = func.AuthLevel.ANONYMOUS


    def said(req, by):
        return func.HttpResponse(json.dumps({
            "by": by, "url": req.url, "method": req.method, "route": dict(req.route_params), "query": dict(req.params),
            "headers": dict(req.headers), "body": req.get_body().decode(),
        }))


    @app.route(route="echo/{version}/{*rest}", auth_level=ANONYMOUS)
    def echo(req: func.HttpRequest) -> func.HttpResponse:
        return said(req, "echo")


    @app.route(route="echo/beta/{*rest}", methods=["GET"], auth_level=ANONYMOUS)
    def echo_beta(req: func.HttpRequest) -> func.HttpResponse:
        return said(req, "echo_beta")


    @app.route(route="%ROUTE%", methods=["GET", "HEAD"])
    def guarded(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(b"12345", headers={"Content-Length": "5", "ETag": '"x"'}, mimetype="text/csv")


    @app.route(auth_level=func.AuthLevel.ADMIN)
    def masters(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse()


    @app.route(auth_level=ANONYMOUS)
    def answer(req: func.HttpRequest) -> func.HttpResponse:
        length = {"Content-Length": req.params["length"]} if "length" in req.params else {}
        body = req.params.get("body", "")
        return func.HttpResponse(body, status_code=int(req.params.get("status", "200")), headers=length)


    @app.route(auth_level=ANONYMOUS)
    def meet(req: func.HttpRequest) -> func.HttpResponse:
        together.wait(10)
        return func.HttpResponse("met")


    @app.route(auth_level=ANONYMOUS)
    def fail(req: func.HttpRequest) -> func.HttpResponse:
        raise ValueError("the reason")


    @app.timer_trigger(arg_name="timer", schedule="%PULL_SCHEDULE%")
    def pull(timer: func.TimerRequest) -> None:
        logging.info("pulling, past due: %s", timer.past_due)


    @app.route(auth_level=ANONYMOUS)
    @app.queue_output(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
    def send(req: func.HttpRequest, message: func.Out[str]) -> func.HttpResponse:
        if text := req.params.get("text"):
            message.set(text)
        return func.HttpResponse("sent")


    @app.queue_trigger(arg_name="message", queue_name="work", connection="AzureWebJobsStorage")
    def work(message: func.QueueMessage) -> None:
        text, attempt = message.get_body().decode(), message.dequeue_count
        logging.info("work: %s, attempt %d", text, attempt)
        if text == "bad" or (text == "better" and attempt == 1):
            raise ValueError("the reason")


    @app.timer_trigger(arg_name="timer", schedule="0 0 0 * * *")
    def fails(timer: func.TimerRequest) -> None:
        raise ValueError("the reason")
"""


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@pytest.fixture(scope="module")
def log() -> Lines:
    return Lines()


@pytest.fixture(scope="module")
def host(write_app: Callable[[str], Path], log: Lines) -> Iterator[FunctionsHost]:
    app = write_app(APP)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PULL_SCHEDULE", "0 0 6 * * *")
        environment.setenv("ROUTE", "guarded/it")
        environment.setenv("PYTHON_THREADPOOL_THREAD_COUNT", "4")
        with FunctionsHost(app, {MASTER_KEY: "master", HOST_KEY: "host", "guarded": "its own"}, log=log) as host:
            yield host


def said(host: FunctionsHost, path: str, method: str = "GET", **options: Any) -> dict[str, Any]:
    """What the app was given for a request whose path goes out exactly as it is here."""
    request = requests.Request(method, host.url, **options).prepare()
    request.url = host.url + path
    with requests.Session() as session:
        answer: dict[str, Any] = session.send(request).json()
    return answer


# -- what a function gets ----------------------------------------------------------------------------------------------


def test_a_function_gets_the_request(host: FunctionsHost) -> None:
    got = said(host, "/api/echo/v1.0/a/b", "POST", data="the body", headers={"X-Mixed-Case": "Value"})
    assert got["method"] == "POST"
    assert got["route"] == {"version": "v1.0", "rest": "a/b"}
    assert got["headers"]["x-mixed-case"] == "Value"
    assert got["body"] == "the body"


def test_route_values_are_decoded_but_for_the_slash(host: FunctionsHost) -> None:
    got = said(host, "/api/echo/v1.0/get%28period%3D%27D7%27%29%2Fx")
    assert got["route"]["rest"] == "get(period='D7')%2Fx"
    assert got["url"] == f"{host.url}/api/echo/v1.0/get(period='D7')%2Fx"


def test_repeated_query_names_are_joined_and_empty_values_dropped(host: FunctionsHost) -> None:
    assert said(host, "/api/echo/v1.0?a=1&b=&A=2&c=x%20y+z")["query"] == {"a": "1,2", "c": "x y z"}


def test_a_literal_route_wins_over_a_parameter(host: FunctionsHost) -> None:
    assert said(host, "/api/echo/beta/x")["by"] == "echo_beta"
    assert said(host, "/api/echo/v1.0/x")["by"] == "echo"


def test_a_method_that_the_literal_route_does_not_take_goes_to_the_next(host: FunctionsHost) -> None:
    assert said(host, "/api/echo/beta/x", "POST")["by"] == "echo"


# -- queues ------------------------------------------------------------------------------------------------------------


def attempts(host: FunctionsHost, log: Lines, text: str, eventually: Callable[[Callable[[], bool]], None]) -> list[str]:
    """Return which attempts a message took, from an output binding on, until it was out of the queue."""
    assert requests.get(f"{host.url}/api/send", params={"text": text}).text == "sent"
    eventually(lambda: host.queues["work"].is_empty)
    return [line.rpartition(" ")[2] for line in log.texts if line.startswith(f"work: {text}, ")]


@pytest.mark.parametrize(("text", "taken"), [("good", "1"), ("better", "12"), ("bad", "12345")])
def test_a_message_is_delivered_until_it_is_taken_or_poison(
    host: FunctionsHost, log: Lines, eventually: Callable[[Callable[[], bool]], None], text: str, taken: str
) -> None:
    assert attempts(host, log, text, eventually) == [*taken]
    assert host.queues["work"].poison.peek() == [text] * (taken == "12345")


def test_what_was_not_set_is_not_sent(
    host: FunctionsHost, log: Lines, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    requests.get(f"{host.url}/api/send")
    attempts(host, log, "something", eventually)
    assert "work: , attempt 1" not in log.texts


# -- what the caller gets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/api", "/api/nothing", "/guarded/it", "/admin/host/status"])
def test_what_no_route_matches_is_404(host: FunctionsHost, path: str) -> None:
    answer = requests.get(host.url + path)
    assert (answer.status_code, answer.content) == (404, b"")


def test_a_method_that_is_not_listed_is_404_and_not_405(host: FunctionsHost) -> None:
    assert requests.post(f"{host.url}/api/guarded/it?code=host").status_code == 404


def test_the_answer_is_that_of_the_function(host: FunctionsHost) -> None:
    answer = requests.get(f"{host.url}/api/guarded/it?code=host")
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (200, b"12345", '"x"')
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


def test_head_has_the_headers_of_get_and_no_body(host: FunctionsHost) -> None:
    with requests.Session() as session:
        for _ in range(2):  # a body would be taken for the beginning of the second answer
            answer = session.head(f"{host.url}/api/guarded/it?code=host")
            assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "5")


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(host: FunctionsHost, status: int) -> None:
    with requests.Session() as session:
        for _ in range(2):
            answer = session.get(f"{host.url}/api/answer?body=x&status={status}")
            assert (answer.status_code, answer.content) == (status, b"")


def test_a_body_without_content_length_is_sent_in_chunks(host: FunctionsHost) -> None:
    answer = requests.get(f"{host.url}/api/answer?body=abc")
    assert (answer.headers["transfer-encoding"], answer.content) == ("chunked", b"abc")
    assert requests.get(f"{host.url}/api/answer").headers["content-length"] == "0"


def test_a_wrong_content_length_breaks_the_connection(host: FunctionsHost, log: Lines) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{host.url}/api/answer?body=abc&length=4")
    assert "Content-Length says 4, the body has 3 bytes" in log.texts


def test_an_exception_is_500_without_a_body_and_logged(host: FunctionsHost, log: Lines) -> None:
    answer = requests.get(f"{host.url}/api/fail")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "Executed 'Functions.fail' (Failed" in log.texts[-1]
    assert "ValueError: the reason" in log.texts[-1]


def test_requests_run_at_the_same_time(host: FunctionsHost) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: requests.get(f"{host.url}/api/meet").text, range(4)))
    assert answers == ["met"] * 4


# -- keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["its own", "host", "master"])
def test_a_function_opens_with_its_key_the_host_key_and_the_master_key(host: FunctionsHost, key: str) -> None:
    url = f"{host.url}/api/guarded/it"
    assert requests.get(url, params={"code": key}).status_code == 200
    assert requests.get(url, headers={"x-functions-key": key}).status_code == 200


@pytest.mark.parametrize("key", ["", "wrong", "ü"])
def test_a_function_stays_closed_without_a_right_key(host: FunctionsHost, key: str) -> None:
    answer = requests.get(f"{host.url}/api/guarded/it", params={"code": key})
    assert (answer.status_code, answer.content) == (401, b"")


def test_the_key_of_another_function_does_not_open(host: FunctionsHost) -> None:
    assert requests.get(f"{host.url}/api/guarded/it?code={host.keys['echo']}").status_code == 401


def test_an_admin_function_opens_with_the_master_key_alone(host: FunctionsHost) -> None:
    assert requests.get(f"{host.url}/api/masters?code=host").status_code == 401
    assert requests.get(f"{host.url}/api/masters?code=master").status_code == 200


# -- timers ------------------------------------------------------------------------------------------------------------


def test_a_timer_knows_its_schedule(host: FunctionsHost) -> None:
    assert host.functions["pull"].is_timer
    assert host.functions["pull"].trigger["schedule"] == "0 0 6 * * *"


def test_a_timer_runs_by_hand(host: FunctionsHost, log: Lines) -> None:
    log.texts.clear()
    host.run_timer("pull")
    assert log.texts[0] == "pulling, past due: False"
    assert "Executed 'Functions.pull' (Succeeded" in log.texts[1]


def test_a_timer_that_fails_says_why(host: FunctionsHost) -> None:
    with pytest.raises(FunctionError, match="ValueError: the reason"):
        host.run_timer("fails")


def test_a_timer_runs_over_http_with_the_master_key(
    host: FunctionsHost, log: Lines, eventually: Callable[[Callable[[], bool]], None]
) -> None:
    log.texts.clear()
    url = f"{host.url}/admin/functions/pull"
    assert requests.post(url, json={}, headers={"x-functions-key": "host"}).status_code == 401
    assert requests.post(url, json={}, headers={"x-functions-key": "master"}).status_code == 202
    eventually(lambda: "pulling, past due: False" in log.texts)


def test_only_timers_are_run_over_the_admin_address(host: FunctionsHost) -> None:
    for name in ("echo", "nothing"):
        answer = requests.post(f"{host.url}/admin/functions/{name}", headers={"x-functions-key": "master"})
        assert answer.status_code == 404
