"""The queues of the host's storage account, kept in memory; their triggers take one message at a time.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#poison-messages
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from datetime import timedelta
from queue import Queue
from threading import Event, Thread
from typing import Any, NamedTuple

logger = logging.getLogger(__name__)


class Message(NamedTuple):
    """A message, which keeps its id however often it is delivered."""

    id: str
    text: str


class QueueTrigger:
    """Hands each message of a queue to `take`, with the number of the attempt, until that raises nothing.

    `settings` are those of host.json. A message on which every attempt failed is in `poison`.
    """

    def __init__(self, queue: str, take: Callable[[Message, int], None], settings: Mapping[str, Any]) -> None:
        self.queue = queue
        self.poison: list[str] = []
        self._take = take
        self._attempts = int(settings.get("maxDequeueCount", 5))
        hours, minutes, seconds = map(float, settings.get("visibilityTimeout", "00:00:00").split(":"))
        self._wait = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
        self._messages: Queue[Message | None] = Queue()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name=f"queue {queue}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Takes no more messages, and waits up to `seconds` for the one that is being taken."""
        self._stopped.set()
        self._messages.put(None)
        self._thread.join(seconds)

    @property
    def is_empty(self) -> bool:
        """Whether all is done that was put in, and what came of that too."""
        return not self._messages.unfinished_tasks

    def put(self, message: str) -> None:
        self._messages.put(Message(str(uuid.uuid4()), message))

    def _run(self) -> None:
        while (message := self._messages.get()) is not None and not self._stopped.is_set():
            self._deliver(message)
            self._messages.task_done()

    def _deliver(self, message: Message) -> None:
        for attempt in range(1, self._attempts + 1):
            try:
                return self._take(message, attempt)
            except (Exception, CancelledError):
                if self._stopped.is_set() or (attempt < self._attempts and self._stopped.wait(self._wait)):
                    return None
        self.poison.append(message.text)
        told = "Message has reached MaxDequeueCount of %d. Moving message to queue '%s-poison'."
        logger.error(told, self._attempts, self.queue)
        return None
