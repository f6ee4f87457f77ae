"""What of Accept chooses a form, and which form an error has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.web.negotiation import PROBLEM, accepted_format, error_media_type, without_odata


@pytest.mark.parametrize(
    ("accept", "rest"),
    [
        ("", ""),
        ("application/json", "application/json"),
        ("application/json;odata.metadata=minimal", ""),
        ("application/json; ODATA.metadata=none; charset=utf-8", ""),
        ("application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=true", ""),
        ("application/json;charset=utf-8;odata.metadata=full", ""),
        ("application/json;odata=nometadata", ""),
        ("application/json;odata.metadata=minimal, text/csv;q=0.5", "text/csv;q=0.5"),
        ("application/json;q=.2", "application/json;q=0.2"),
    ],
)
def test_media_ranges_with_a_parameter_of_odata_do_not_count(accept: str, rest: str) -> None:
    assert without_odata(accept) == rest


@pytest.mark.parametrize(
    ("accept", "chosen"), [("text/csv;q=0, */*", "json"), ("*/*", "csv"), ("application/json;q=0, */*;q=0.1", "csv")]
)
def test_the_most_specific_media_range_decides(accept: str, chosen: str) -> None:
    assert accepted_format(accept, ["csv", "json"]) == chosen


@pytest.mark.parametrize(
    "accept", ["application/problem+json", "text/csv, Application/Problem+JSON;q=0.1", "application/problem+json; a=b"]
)
def test_an_error_is_of_the_type_of_rfc_9457_where_that_is_named(accept: str) -> None:
    assert error_media_type(accept) == PROBLEM


@pytest.mark.parametrize("accept", ["", "*/*", "application/*", "text/csv", "application/problem+json;q=0"])
def test_an_error_is_json_for_everybody_else(accept: str) -> None:
    assert error_media_type(accept) == "application/json"


@given(st.text())
def test_any_accept_is_read(accept: str) -> None:
    assert error_media_type(accept) in (PROBLEM, "application/json")
    assert "odata" not in without_odata(f"application/json;odata.metadata=none,{accept}")
