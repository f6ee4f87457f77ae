"""The queues of the host's storage account, and what takes messages from one, one at a time, as the host does.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#poison-messages
"""

from __future__ import annotations

import logging
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

logger = logging.getLogger(__name__)

_HELD = 600
"""Seconds for which nobody else gets a message that was taken."""
_POLL = 1.0
"""Seconds between two looks into a queue that was empty, and that nothing was put into here."""


class Message(NamedTuple):
    """A message as it was received; its id stays however often it is."""

    id: str
    text: str
    dequeue_count: int
    receipt: str
    """Of this delivery: only the newest one's moves or deletes the message."""


class Queue(ABC):
    """A queue of texts: each is there until it is deleted, and seen by nobody while it is hidden."""

    @abstractmethod
    def put(self, text: str) -> None:
        """Put a message in."""

    @abstractmethod
    def receive(self, seconds: float) -> Message | None:
        """Return a message that is not hidden, if there is one, and hide it for so long. Each time counts."""

    @abstractmethod
    def hide(self, message: Message, seconds: float) -> None:
        """Hide a received message from now on for so long. Raise LookupError if it was received again or deleted."""

    @abstractmethod
    def delete(self, message: Message) -> None:
        """Delete a received message. Raise LookupError if it was received again or deleted."""

    @abstractmethod
    def peek(self) -> list[str]:
        """Return up to 32 texts that are not hidden, as if nobody had looked."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many messages there are, hidden or not."""


class _Kept:
    """A message in memory."""

    def __init__(self, text: str) -> None:
        self.id, self.text, self.count, self.receipt = str(uuid.uuid4()), text, 0, ""
        self.hidden_until = time.monotonic()


class MemoryQueue(Queue):
    """A queue in this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: list[_Kept] = []

    def put(self, text: str) -> None:
        with self._lock:
            self._kept.append(_Kept(text))

    def receive(self, seconds: float) -> Message | None:
        with self._lock:
            if not (visible := self._visible()):
                return None
            first = visible[0]
            first.count += 1
            first.receipt = str(uuid.uuid4())
            first.hidden_until = time.monotonic() + seconds
            return Message(first.id, first.text, first.count, first.receipt)

    def hide(self, message: Message, seconds: float) -> None:
        with self._lock:
            self._of(message).hidden_until = time.monotonic() + seconds

    def delete(self, message: Message) -> None:
        with self._lock:
            self._kept.remove(self._of(message))

    def peek(self) -> list[str]:
        with self._lock:
            return [kept.text for kept in self._visible()[:32]]

    def __len__(self) -> int:
        return len(self._kept)

    def _visible(self) -> list[_Kept]:
        """Return what can be received, what could be first of all in front."""
        now = time.monotonic()
        return sorted((kept for kept in self._kept if kept.hidden_until <= now), key=lambda kept: kept.hidden_until)

    def _of(self, message: Message) -> _Kept:
        for kept in self._kept:
            if kept.receipt == message.receipt:
                return kept
        raise LookupError(message.id)


class QueueTrigger:
    """Hands each message of a queue to `take` until that raises nothing, and puts it into `poison` if it always does.

    `settings` are those of host.json. A message whose attempt failed is hidden for `visibilityTimeout`.
    """

    def __init__(
        self, name: str, take: Callable[[Message], None], settings: Mapping[str, Any], queue: Queue, poison: Queue
    ) -> None:
        self.name = name
        self.queue = queue
        self.poison = poison
        self._take = take
        self._attempts = int(settings.get("maxDequeueCount", 5))
        hours, minutes, seconds = map(float, settings.get("visibilityTimeout", "00:00:00").split(":"))
        self._wait = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        self._is_stopped = False
        self._wake = Event()
        self._thread = Thread(target=self._run, name=f"queue {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Takes no more messages, and waits up to `seconds` for the one that is being taken."""
        self._is_stopped = True
        self._wake.set()
        self._thread.join(seconds)

    @property
    def is_empty(self) -> bool:
        """Whether all is done that was put in, and what came of that too."""
        return not len(self.queue)

    def put(self, message: str) -> None:
        self.queue.put(message)
        self._wake.set()

    def _run(self) -> None:
        while not self._is_stopped:
            self._wake.clear()
            try:
                message = self.queue.receive(_HELD)
                if message:
                    self._deliver(message)
            except (OSError, LookupError):  # storage that ends, or that gave the message to somebody else
                logger.exception("The queue '%s' does not answer as it should.", self.name)
                message = None
            if not message and not self._is_stopped:
                self._wake.wait(_POLL)

    def _deliver(self, message: Message) -> None:
        try:
            self._take(message)
        except (Exception, CancelledError):
            if self._is_stopped:
                return
            if message.dequeue_count < self._attempts:
                self.queue.hide(message, self._wait)
                return
            self.poison.put(message.text)
            told = "Message has reached MaxDequeueCount of %d. Moving message to queue '%s-poison'."
            logger.error(told, self._attempts, self.name)
        self.queue.delete(message)
