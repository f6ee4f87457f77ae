"""A child is waited for, listened to, and ended."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

import pytest

from local.child import Child, ChildError

Eventually = Callable[[Callable[[], bool]], None]


@contextmanager
def interrupt(number: int) -> Iterator[None]:
    """Raise KeyboardInterrupt before this instruction of Python that is called in the block, by its number from 0."""
    left = number

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        nonlocal left
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                sys.settrace(None)
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)


def python(source: str, folder: Path) -> Child[str]:
    """A child that announces itself with the line `up`."""
    return Child("The child", [sys.executable, "-c", source], lambda line: line if line == "up\n" else None, cwd=folder)


def test_a_child_announces_itself_and_ends_with_its_input(tmp_path: Path) -> None:
    child = python("import sys; print('before'); print('up', flush=True); sys.stdin.read()", tmp_path)
    assert child.announcement() == "up\n"
    child.stop()


def test_what_a_child_says_later_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, eventually: Eventually
) -> None:
    with caplog.at_level(logging.INFO):
        child = python(
            "import sys; print('up', flush=True); print('later', file=sys.stderr, flush=True); sys.stdin.read()",
            tmp_path,
        )
        eventually(lambda: "The child: later" in caplog.messages)
        child.stop()


def test_a_child_that_ends_at_once_says_what_it_printed(tmp_path: Path) -> None:
    child = python("raise SystemExit('the reason')", tmp_path)
    with pytest.raises(ChildError, match=r"The child ended with exit code 1\. It printed:\nthe reason"):
        child.announcement()
    child.stop()


def test_a_child_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    child = python("input()", tmp_path)
    with pytest.raises(ChildError, match=r"The child did not come up within 0 seconds\. It printed:\n\(nothing\)"):
        child.announcement(seconds=0.1)
    child.stop()


def test_a_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    child = python("import time; print('up', flush=True); time.sleep(600)", tmp_path)
    child.announcement()
    child.stop(seconds=0.1)


def test_an_interrupt_anywhere_in_a_check_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    child = python("import sys; print('up', flush=True); sys.stdin.read()", tmp_path)
    child.announcement()
    for number in count():
        try:
            with interrupt(number):
                child.check()
            break
        except KeyboardInterrupt:
            continue
    assert number > 1, "nothing was interrupted"
    end = Thread(target=child.stop, daemon=True)
    end.start()
    end.join(10)
    assert not end.is_alive()


def test_a_child_that_ended_is_named_with_how_it_ended(tmp_path: Path) -> None:
    child = python("import sys; print('up', flush=True); sys.stdin.read(); sys.exit(3)", tmp_path)
    child.announcement()
    child.check()
    child.stop()
    with pytest.raises(ChildError, match=r"The child has stopped \(exit code 3\). Start again"):
        child.check()
