"""What is found once is not looked for again, for a while."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import pytest

from shared.domain.errors import ArchiveUnavailable
from shared.web.ttl_cache import BodyCache, TtlCache

MINUTE = timedelta(minutes=1)


class Clock:
    now = datetime(2026, 11, 21, 7, 15, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def answering(*answers: int | Exception) -> Callable[[], int]:
    """Finds one after the other; more looks than answers are an error."""
    left: Iterator[int | Exception] = iter(answers)

    def find() -> int:
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return find


def test_a_value_is_kept_until_it_is_too_old(clock: Clock) -> None:
    cache = TtlCache(answering(1, 2), MINUTE, clock)
    first = cache.get()
    clock.now += MINUTE - timedelta(seconds=1)
    assert (first, cache.get()) == (1, 1)
    clock.now += timedelta(seconds=1)
    assert cache.get() == 2


def test_a_clock_that_was_set_back_does_not_keep_a_value_for_longer(clock: Clock) -> None:
    cache = TtlCache(answering(1, 2), MINUTE, clock)
    cache.get()
    clock.now -= timedelta(hours=1)
    assert cache.get() == 2


def test_another_key_finds_another_value(clock: Clock) -> None:
    cache = TtlCache(answering(1, 2), MINUTE, clock)
    assert [cache.get(key) for key in ("a", "a", "b", "b")] == [1, 1, 2, 2]


def test_that_storage_does_not_answer_is_kept_for_half_a_minute(clock: Clock) -> None:
    cache = TtlCache(answering(ArchiveUnavailable("down"), 1), timedelta(hours=1), clock)
    for _ in range(2):
        with pytest.raises(ArchiveUnavailable, match="down"):
            cache.get()
    clock.now += timedelta(seconds=30)
    assert cache.get() == 1


def test_that_storage_does_not_answer_is_kept_however_long_it_took_to_say_so(clock: Clock) -> None:
    find = answering(ArchiveUnavailable("down"), 1)

    def slowly() -> int:
        clock.now += timedelta(seconds=90)
        return find()

    cache = TtlCache(slowly, MINUTE, clock)
    for _ in range(2):
        with pytest.raises(ArchiveUnavailable, match="down"):
            cache.get()
    clock.now += timedelta(seconds=30)
    assert cache.get() == 1


def test_another_error_is_not_kept(clock: Clock) -> None:
    cache = TtlCache(answering(KeyError("a defect"), 1), MINUTE, clock)
    with pytest.raises(KeyError):
        cache.get()
    assert cache.get() == 1


@pytest.mark.parametrize("answer", [1, ArchiveUnavailable("down")])
def test_all_who_ask_at_the_same_time_wait_for_one_answer(clock: Clock, answer: int | Exception) -> None:
    looked, go, everybody = Event(), Event(), Barrier(8)
    find = answering(answer)

    def slowly() -> int:
        looked.set()
        go.wait()
        return find()

    cache = TtlCache(slowly, MINUTE, clock)

    def ask() -> object:
        everybody.wait()
        try:
            return cache.get()
        except ArchiveUnavailable as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask) for _ in range(8)]
        looked.wait()
        go.set()
        found = {each.result() for each in asked}
    assert found == {answer if isinstance(answer, int) else str(answer)}


# -- bodies ------------------------------------------------------------------------------------------------------------


def asked(bodies: BodyCache, *wishes: str) -> list[str]:
    """Which of these were read; each has as many bytes as it has letters."""
    read: list[str] = []

    def reading(name: str) -> Callable[[], bytes]:
        return lambda: read.append(name) or name.encode()  # type: ignore[func-returns-value]

    assert [bodies.get(name, reading(name)) for name in wishes] == [name.encode() for name in wishes]
    return read


def test_a_body_is_read_once() -> None:
    assert asked(BodyCache(10), "aaa", "bbb", "aaa", "bbb") == ["aaa", "bbb"]


def test_what_was_not_asked_for_longest_makes_room() -> None:
    assert asked(BodyCache(10), "aaa", "bbb", "ccc", "aaa", "ddd", "aaa", "ccc", "bbb") == [
        *("aaa", "bbb", "ccc", "ddd", "bbb")
    ]


def test_a_body_that_is_larger_than_the_room_is_read_each_time_and_displaces_nothing() -> None:
    assert asked(BodyCache(4), "aaa", "large", "large", "aaa") == ["aaa", "large", "large"]


def test_a_body_that_cannot_be_read_is_read_again() -> None:
    bodies = BodyCache(10)
    with pytest.raises(ArchiveUnavailable):
        bodies.get("aaa", answering(ArchiveUnavailable("away")))  # type: ignore[arg-type]
    assert asked(bodies, "aaa") == ["aaa"]
