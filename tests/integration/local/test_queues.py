"""Queues as the Functions host uses them: one in memory, and one of Azurite with a token and no key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from local.environment import environment
from local.functions_host.queues import MemoryQueue, Message, Queue, QueueTrigger
from local.stack import Stack
from local.storage import Storage

SETTINGS = {"maxDequeueCount": 3, "visibilityTimeout": "00:00:00"}


@pytest.fixture(scope="module")
def azurite(stack: Stack) -> Iterator[Callable[[str], Queue]]:
    """Opens queues of Azurite, with the identity that the simulator gives."""
    with Storage(services=["queue"]) as storage, environment(stack.settings):
        yield storage.new_queue


@pytest.fixture(params=["memory", "azurite"])
def new_queue(request: pytest.FixtureRequest) -> Callable[[], Queue]:
    if request.param == "memory":
        return MemoryQueue
    opened = request.getfixturevalue("azurite")
    return lambda: opened(f"q-{uuid4()}")


@pytest.fixture
def queue(new_queue: Callable[[], Queue]) -> Queue:
    return new_queue()


def received(queue: Queue, seconds: float = 60) -> Message:
    message = queue.receive(seconds)
    assert message
    return message


def test_a_text_comes_out_as_it_was_put_in(queue: Queue) -> None:
    queue.put('{"tenant": "<Zoë & co>"}')
    assert queue.peek() == ['{"tenant": "<Zoë & co>"}']
    first = received(queue)
    assert (first.text, first.dequeue_count) == ('{"tenant": "<Zoë & co>"}', 1)


def test_what_was_received_is_hidden_and_there_until_it_is_deleted(queue: Queue) -> None:
    queue.put("a")
    message = received(queue)
    assert (queue.receive(60), queue.peek(), len(queue)) == (None, [], 1)
    queue.delete(message)
    assert len(queue) == 0


def test_a_message_that_is_not_hidden_any_more_comes_again_with_its_id_and_counts(queue: Queue) -> None:
    queue.put("a")
    first = received(queue)
    queue.hide(first, 0)
    again = received(queue)
    assert (again.id, again.text, again.dequeue_count) == (first.id, "a", 2)
    assert again.receipt != first.receipt


def test_whoever_received_it_before_can_delete_it_no_more(queue: Queue) -> None:
    queue.put("a")
    first = received(queue)
    queue.hide(first, 0)
    received(queue)
    with pytest.raises(LookupError):
        queue.delete(first)
    assert len(queue) == 1


@pytest.mark.parametrize(("failures", "is_poison"), [(0, False), (2, False), (3, True)])
def test_a_message_is_handed_on_until_it_is_taken_or_poison(
    new_queue: Callable[[], Queue],
    eventually: Callable[[Callable[[], bool]], None],
    failures: int,
    is_poison: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken: list[Message] = []

    def take(message: Message) -> None:
        taken.append(message)
        if message.dequeue_count <= failures:
            raise ValueError("the reason")

    trigger = QueueTrigger("work", take, SETTINGS, new_queue(), new_queue())
    trigger.start()
    trigger.put("a")
    eventually(lambda: trigger.is_empty)
    trigger.stop(5)
    assert [message.dequeue_count for message in taken] == [*range(1, len(taken) + 1)]
    assert len(taken) == min(failures + 1, 3)
    assert {message.id for message in taken} == {taken[0].id}
    assert trigger.poison.peek() == ["a"] * is_poison
    assert ("MaxDequeueCount" in caplog.text) == is_poison
