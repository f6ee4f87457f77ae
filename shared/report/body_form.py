"""What the bytes of a CSV are like: BOM, line ends, quotes. It costs a few searches of each chunk."""

from __future__ import annotations

BOM = b"\xef\xbb\xbf"


class BodyForm:
    """The form of one body, told chunk by chunk."""

    def __init__(self) -> None:
        self._start = b""
        self._lines = 0
        self._crlf = 0
        self._quotes = False
        self._ends_in_cr = False

    def see(self, chunk: bytes) -> None:
        """Take the next chunk."""
        if len(self._start) < 7:
            self._start += chunk[:7]
        self._lines += chunk.count(b"\n")
        self._crlf += chunk.count(b"\r\n") + (self._ends_in_cr and chunk.startswith(b"\n"))
        self._ends_in_cr = chunk.endswith(b"\r") if chunk else self._ends_in_cr
        self._quotes = self._quotes or b'"' in chunk

    @property
    def facts(self) -> dict[str, str]:
        """What it is like, in words."""
        after = self._start.removeprefix(BOM)
        bom = "none" if after == self._start else "several" if after.startswith(BOM) else "one"
        ends = "CRLF" if self._crlf == self._lines else "CRLF and LF" if self._crlf else "LF"
        quotes = "none" if not self._quotes else "all" if after.startswith(b'"') else "some"
        return {"bom": bom, "quotes": quotes, "line_ends": ends if self._lines else "none"}
