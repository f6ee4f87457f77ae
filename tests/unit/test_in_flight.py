"""The bodies that are being made and sent: one for all who ask for the same, and no more of them than memory holds."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import azure.functions as func
import pytest

from shared.domain.errors import ArchiveUnavailable, Busy
from shared.web.azure import respond
from shared.web.http import Response
from shared.web.in_flight import Body, InFlight

MB = 1_000_000
LARGE = bytes(2 * MB)


def of(content: bytes) -> Callable[[], bytes]:
    return lambda: content


def unmade() -> bytes:
    raise AssertionError("it was made")


def test_all_who_ask_at_the_same_moment_share_one_body() -> None:
    in_flight, asked, made = InFlight(), Barrier(16), []

    def make() -> bytes:
        made.append(1)
        return LARGE

    def ask(_: int) -> Body:
        asked.wait(10)
        return in_flight.body("report", len(LARGE), make)

    with ThreadPoolExecutor(16) as pool:
        bodies = {*pool.map(ask, range(16))}
    assert (len(bodies), len(made)) == (1, 1)


def test_a_body_that_nobody_holds_is_forgotten() -> None:
    in_flight = InFlight()
    in_flight.body("report", 2 * MB, of(LARGE))
    assert in_flight.body("report", 2 * MB, of(b"new")).content == b"new"


def test_who_does_not_fit_is_told_to_come_again() -> None:
    in_flight = InFlight(most=3 * MB, patience=0)
    held = in_flight.body("first", 2 * MB, of(LARGE))
    with pytest.raises(Busy) as refused:
        in_flight.body("second", 2 * MB, unmade)
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "2"})
    assert in_flight.body("first", 2 * MB, unmade) is held
    del held
    assert in_flight.body("second", 2 * MB, of(LARGE)).content is LARGE


def test_who_waits_gets_the_room_of_an_answer_that_was_sent() -> None:
    in_flight, is_made, may_be_sent = InFlight(most=3 * MB, patience=60), Event(), Event()

    def answer() -> None:
        body = in_flight.body("first", 2 * MB, of(LARGE))
        is_made.set()
        may_be_sent.wait(10)
        del body

    with ThreadPoolExecutor(2) as pool:
        pool.submit(answer)
        is_made.wait(10)
        second = pool.submit(lambda: in_flight.body("second", 2 * MB, of(LARGE)).content)
        may_be_sent.set()
        assert second.result(10) is LARGE


def test_room_that_making_took_beside_the_body_is_free_once_it_is_made() -> None:
    in_flight = InFlight(most=5 * MB, patience=0)
    held = [in_flight.body(name, 3 * MB, of(LARGE)) for name in ("first", "second")]
    assert [body.content for body in held] == [LARGE, LARGE]


def test_a_body_larger_than_the_bound_is_made_when_it_is_alone() -> None:
    in_flight = InFlight(most=MB, patience=0)
    assert in_flight.body("report", 2 * MB, of(LARGE)).content is LARGE


def test_small_bodies_wait_for_nobody() -> None:
    in_flight = InFlight(most=MB, patience=0)
    held = in_flight.body("large", 2 * MB, of(LARGE))
    assert in_flight.body("small", 9, of(b"")).content == b""
    assert held.content is LARGE


def test_what_cannot_be_made_takes_no_room_and_is_tried_again() -> None:
    in_flight = InFlight(most=3 * MB, patience=0)

    def fail() -> bytes:
        raise ArchiveUnavailable("down")

    with pytest.raises(ArchiveUnavailable) as failure:
        in_flight.body("report", 2 * MB, fail)
    assert in_flight.body("report", 2 * MB, of(LARGE)).content is LARGE
    assert str(failure.value) == "down"


def test_the_function_holds_a_body_until_its_answer_is_gone() -> None:
    in_flight = InFlight(most=3 * MB, patience=0)
    request = func.HttpRequest("GET", "http://127.0.0.1", body=b"")

    def handler(_: object) -> Response:
        body = in_flight.body("first", 2 * MB, of(LARGE))
        return Response(200, {}, body.content, body)

    answer = respond(request, handler)
    with pytest.raises(Busy):
        in_flight.body("second", 2 * MB, unmade)
    assert answer.get_body() == LARGE
    del answer
    assert in_flight.body("second", 2 * MB, of(LARGE)).content is LARGE
