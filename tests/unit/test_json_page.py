"""A page of JSON that is read while it arrives is what it is when read whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.report.json_page import page_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=5), VALUES, max_size=5),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from([None, 1]),
)
def test_in_whatever_pieces_it_comes_it_is_the_same(
    page: dict[str, Any], size: int, is_ascii: bool, indent: int | None
) -> None:
    body = json.dumps(page, ensure_ascii=is_ascii, indent=indent).encode(errors="surrogatepass")
    if b"\xed" in body:  # half a character, which is no UTF-8
        return
    assert page_of(body[start : start + size] for start in range(0, len(body), size)) == page


@given(st.binary(max_size=30) | VALUES.map(lambda value: json.dumps({"value": value}).encode()[:-1]))
def test_what_is_no_object_is_an_error(body: bytes) -> None:
    try:
        is_object = isinstance(json.loads(body.decode("utf-8-sig")), dict)
    except ValueError:
        is_object = False
    if not is_object:
        with pytest.raises(ValueError):  # noqa: PT011 - of whatever sort
            page_of([body])


@pytest.mark.parametrize(
    "body", ["{} {}", '{"value": [1,]}', '{"value": [1 2]}', '{"a": 1,}', "{1: 2}", '{"a" 1}', "[]"]
)
def test_what_is_nearly_an_object_is_an_error(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        page_of([body.encode()])


def test_a_member_without_end_is_not_waited_for() -> None:
    taken = 0

    def endless() -> Any:
        nonlocal taken
        yield b'{"value": ["'
        while True:
            taken += 1 << 16
            yield b"x" * (1 << 16)

    with pytest.raises(ValueError, match="too long"):
        page_of(endless())
    assert taken < 2 << 20
