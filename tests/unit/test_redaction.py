"""What stays of a text after secrets and people are taken out."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.redaction import redacted, redacted_body


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User 'ann@contoso.example' is not licensed.", "User '[hidden]' is not licensed."),
        ("to Ann <ann.o'neil+x@mail.contoso.example>.", "to Ann <[hidden]>."),
        ("/users/ann%40contoso.example/reports", "/users/[hidden]/reports"),
        ("i:0#.f|membership|jörg@contoso.example", "i:0#.f|membership|[hidden]"),
        ("ann@intranet, bob@x.example", "[hidden], [hidden]"),
        ("https://ann:pass@reports.example/x", "https://[hidden]@reports.example/x"),
        ("@property at 12:00 @ noon", "@property at 12:00 @ noon"),
    ],
)
def test_what_looks_like_an_address_is_hidden(text: str, expected: str) -> None:
    assert redacted(text) == expected


ADDRESSES = st.emails().filter(lambda address: re.match(r"[\w+-][\w.'+-]*@", address))


@given(ADDRESSES, st.sampled_from([" {}.", '"{}"', "<{}>", "({})", "a {}, b"]))
def test_every_address_is_hidden_and_json_stays_json(address: str, form: str) -> None:
    told = redacted(json.dumps({"detail": form.format(address)}))
    assert address.rpartition("@")[2] not in json.loads(told)["detail"]


def test_a_body_that_is_kept_aside_keeps_who_is_in_it() -> None:
    assert redacted_body(b"ann@contoso.example sig=topsecret") == b"ann@contoso.example sig=[hidden]"
