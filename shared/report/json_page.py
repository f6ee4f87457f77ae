"""A page of a collection as JSON, read while it arrives: large pieces of text would leave memory with holes. Pure."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable
from typing import Any

_PIECE = 1 << 15
"""Bytes that are looked at together."""
_LONGEST = 1 << 20
"""Characters of one member; an account has a thousand or two."""
_BLANKS = " \t\r\n"
_ENDS = tuple(",:]}" + _BLANKS)
"""What stands behind a value."""
_DECODER = json.JSONDecoder()


def page_of(chunks: Iterable[bytes]) -> dict[str, Any]:
    """Return the object that a body is, as `json.loads` does.

    Raise ValueError if it is none, or one of its members is too long; RecursionError. Errors of `chunks` pass through.
    """
    text = _Text(chunks)
    text.expect("{")
    page: dict[str, Any] = {}
    while page or not text.takes("}"):
        name = text.value()
        if not isinstance(name, str):
            raise ValueError("a name is no text")
        text.expect(":")
        page[name] = text.items() if text.takes("[") else text.value()
        if text.takes("}"):
            break
        text.expect(",")
    if text.sign():
        raise ValueError("something follows the object")
    return page


class _Text:
    """A text on its way."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        pieces = (chunk[start : start + _PIECE] for chunk in chunks for start in range(0, len(chunk), _PIECE))
        self._pieces = codecs.iterdecode(pieces, "utf-8-sig")
        self._text = ""
        self._at = 0

    def sign(self) -> str:
        """Return the next character that is no blank; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANKS:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def takes(self, sign: str) -> bool:
        """Whether that is the next character, which then is behind."""
        is_it = self.sign() == sign
        self._at += is_it
        return is_it

    def expect(self, sign: str) -> None:
        """Leave that character behind. Raise ValueError if it is not there."""
        if not self.takes(sign):
            raise ValueError(f"there is no {sign}")

    def value(self) -> Any:
        """Return the value that begins here. Raise ValueError if there is none."""
        self.sign()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except ValueError:
                if not self._more():
                    raise
                continue
            # A number may go on, as 1 does in 1e5.
            if self._text[end : end + 1] in _ENDS or not self._more():
                self._at = end
                return value

    def items(self) -> list[Any]:
        """Return the values of a list, the beginning of which is behind. Raise ValueError."""
        values: list[Any] = []
        while values or not self.takes("]"):
            values.append(self.value())
            if self.takes("]"):
                break
            self.expect(",")
        return values

    def _more(self) -> bool:
        """Whether there was more."""
        if len(self._text) - self._at > _LONGEST:
            raise ValueError("a member is too long")
        piece = next(self._pieces, "")
        if piece:
            self._text, self._at = self._text[self._at :] + piece, 0
        return bool(piece)
