"""How a resource goes over the wire, by RFC 9110: conditions in their order, compression, ranges, size."""

import base64
import gzip
import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import http_date

from shared.domain.errors import Busy, PreconditionFailed, RangeNotSatisfiable, TooLarge
from shared.web.http import Request, Response
from shared.web.in_flight import InFlight
from shared.web.negotiation import accepts_gzip
from shared.web.representation import LARGEST, EncodedBody, Representation, from_bytes
from shared.web.rfc9110 import parse_http_date, send

BODY = b"0123456789"
SHA256 = hashlib.sha256(BODY).hexdigest()
MODIFIED = datetime(2026, 11, 20, 7, 15, 30, 999, tzinfo=UTC)
BEFORE, AT, AFTER = ("Fri, 20 Nov 2026 07:15:" + second + " GMT" for second in ("29", "30", "31"))
TAG, OTHER = f'"{SHA256}"', '"other"'


def unread() -> bytes:
    raise AssertionError("the body was read")


def resource(**values: Any) -> Representation:
    plain = EncodedBody(lambda: BODY, len(BODY), SHA256)
    return Representation(tag=SHA256, media_type="text/csv", plain=plain, modified=MODIFIED)._replace(**values)


def get(content: Representation | None = None, method: str = "GET", /, **headers: str) -> Response:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return send(Request(method, "", headers=fields), content or resource())


# -- conditions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if_none_match": TAG}, 304),
        ({"if_none_match": f"W/{TAG}"}, 304),
        ({"if_none_match": f"{OTHER}, {TAG}"}, 304),
        ({"if_none_match": f'"a,b",{TAG}'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": OTHER}, 200),
        ({"if_none_match": SHA256}, 200),
        ({"if_none_match": ""}, 200),
        ({"if_modified_since": AT}, 304),
        ({"if_modified_since": AFTER}, 304),
        ({"if_modified_since": BEFORE}, 200),
        ({"if_modified_since": "garbage"}, 200),
        ({"if_none_match": OTHER, "if_modified_since": AFTER}, 200),
        ({"if_none_match": TAG, "if_modified_since": BEFORE}, 304),
        ({"if_match": TAG}, 200),
        ({"if_match": "*"}, 200),
        ({"if_match": f"{OTHER}, {TAG}"}, 200),
        ({"if_match": OTHER}, 412),
        ({"if_match": f"W/{TAG}"}, 412),
        ({"if_match": TAG, "if_none_match": TAG}, 304),
        ({"if_match": OTHER, "if_none_match": TAG}, 412),
        ({"if_unmodified_since": AT}, 200),
        ({"if_unmodified_since": BEFORE}, 412),
        ({"if_unmodified_since": "garbage"}, 200),
        ({"if_match": TAG, "if_unmodified_since": BEFORE}, 200),
    ],
)
def test_conditions_are_ranked_as_the_rfc_says(headers: dict[str, str], status: int) -> None:
    try:
        assert get(**headers).status == status
    except PreconditionFailed as error:
        assert (error.status, error.headers["ETag"]) == (status, TAG)  # noqa: PT017 (either way is an answer)


def test_a_304_reads_no_body_and_says_only_what_a_cache_may_need() -> None:
    headers = {"Cache-Control": "private", "Content-Location": "/x", "Link": "</y>", "Memento-Datetime": AT}
    response = get(resource(plain=EncodedBody(unread), headers=headers), if_none_match=TAG)
    assert (response.status, response.body) == (304, b"")
    assert response.headers.keys() == {"ETag", "Vary", "Cache-Control", "Content-Location"}


def test_ten_thousand_tags_are_looked_through() -> None:
    tags = ", ".join(f'"{number}"' for number in range(10_000))
    assert get(if_none_match=tags).status == 200
    assert get(if_none_match=f"{tags}, {TAG}").status == 304


# -- forms -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ("gzip", True),
        ("gzip, deflate", True),
        ("deflate;q=1, gzip;q=0.5", True),
        ("*", True),
        ("x-gzip", True),
        ("GZIP", True),
        (" gzip ; q=1 , br", True),
        ("gzip;q=0", False),
        ("*, gzip;q=0", False),
        ("identity, gzip;q=0.5", False),
        ("br", False),
        ("", False),
        ("gzip;q=nonsense", False),
        ("gzip;q=0., *", False),
        ("gzip;q=.5", True),
    ],
)
def test_gzip_is_sent_to_whom_it_is_welcome(field: str, *, wanted: bool) -> None:
    assert accepts_gzip(field) is wanted
    response = get(accept_encoding=field)
    assert ("Content-Encoding" in response.headers) is wanted
    assert (gzip.decompress(response.body) if wanted else response.body) == BODY


def test_an_accept_encoding_of_a_million_spaces_does_not_take_hours() -> None:
    assert not accepts_gzip("gzip" + " " * 1_000_000 + "x")


def test_stored_gzip_is_passed_through_as_it_is() -> None:
    packed = gzip.compress(BODY, mtime=7)
    content = resource(
        plain=EncodedBody(unread), gzip=EncodedBody(lambda: packed, len(packed), hashlib.sha256(packed).hexdigest())
    )
    assert get(content, accept_encoding="gzip").body == packed


def test_each_coding_has_its_own_tag_and_digest() -> None:
    plain, packed = get(), get(accept_encoding="gzip")
    assert (plain.headers["ETag"], packed.headers["ETag"]) == (TAG, f'"{SHA256}-gzip"')
    for response in (plain, packed):
        digest = base64.b64encode(hashlib.sha256(response.body).digest()).decode()
        assert response.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert get(accept_encoding="gzip", if_none_match=TAG).status == 200


@pytest.mark.parametrize("field", ["", "gzip"])
def test_head_gives_the_headers_of_get(field: str) -> None:
    for content in (resource(), resource(file_name="x.csv"), from_bytes(BODY, "text/csv", {})):
        head, full = get(content, "HEAD", accept_encoding=field), get(content, accept_encoding=field)
        assert (head.status, head.headers) == (full.status, full.headers)
        assert full.headers["Content-Length"] == str(len(full.body))


def test_head_reads_no_body_where_size_and_digest_are_known() -> None:
    assert get(resource(plain=EncodedBody(unread, 10, SHA256)), "HEAD").headers["Content-Length"] == "10"


def test_what_the_host_cannot_carry_is_said_to_be_too_large_before_it_is_read() -> None:
    large = EncodedBody(unread, LARGEST + 1, SHA256)
    with pytest.raises(TooLarge, match="Accept-Encoding: gzip"):
        get(resource(plain=large))
    assert get(resource(plain=large, gzip=EncodedBody(lambda: b"small")), accept_encoding="gzip").status == 200


def test_a_part_of_what_is_too_large_is_refused_with_a_way_to_the_whole() -> None:
    large = resource(plain=EncodedBody(unread, LARGEST + 1, SHA256), gzip=EncodedBody(lambda: b"small"))
    with pytest.raises(TooLarge, match="without Range, and with Accept-Encoding: gzip"):
        get(large, accept_encoding="gzip", range="bytes=0-9")
    assert get(large, accept_encoding="gzip").status == 200


def test_what_turns_out_too_large_once_it_is_made_is_not_sent() -> None:
    large = resource(plain=EncodedBody(lambda: bytes(LARGEST + 1)))
    for method in ("GET", "HEAD"):
        with pytest.raises(TooLarge, match="Accept-Encoding: gzip"):
            get(large, method)
    assert get(large, accept_encoding="gzip").status == 200


# -- ranges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-0", b"0"),
        ("bytes=3-5", b"345"),
        ("bytes=7-", b"789"),
        ("bytes=-3", b"789"),
        ("bytes=-99", BODY),
        ("bytes=5-99", b"56789"),
        ("Bytes = 3 - 5", b"345"),
    ],
)
def test_one_range_gives_those_bytes(field: str, expected: bytes) -> None:
    response = get(range=field)
    assert (response.status, response.body) == (206, expected)
    assert response.headers["Content-Length"] == str(len(expected))
    first = BODY.index(expected)
    assert response.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/10"


@pytest.mark.parametrize("field", ["bytes=10-", "bytes=999999999999-", "bytes=-0", "bytes=99-100"])
def test_a_range_behind_the_end_is_refused_with_the_size(field: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        get(range=field)
    assert caught.value.headers["Content-Range"] == "bytes */10"


@pytest.mark.parametrize(
    "field", ["bytes=abc", "bytes=-", "bytes=5-3", "bytes=0-1,3-4", "rows=0-1", "", "bytes=" + "9" * 5000 + "-"]
)
def test_what_is_not_one_range_is_ignored(field: str) -> None:
    assert get(range=field).status == 200


@pytest.mark.parametrize(
    ("condition", "status"), [(TAG, 206), (AT, 206), (OTHER, 200), (f"W/{TAG}", 200), (AFTER, 200), ("garbage", 200)]
)
def test_if_range_asks_for_the_whole_where_it_is_another(condition: str, status: int) -> None:
    assert get(range="bytes=0-1", if_range=condition).status == status


def test_head_has_no_ranges() -> None:
    assert get(None, "HEAD", range="bytes=0-1").status == 200


def test_a_range_is_of_the_plain_body_unless_the_tag_of_gzip_is_named() -> None:
    whole = get(accept_encoding="gzip")
    plain = get(accept_encoding="gzip", range="bytes=2-4")
    assert (plain.body, plain.headers["ETag"]) == (BODY[2:5], TAG)
    assert "Content-Encoding" not in plain.headers
    packed = get(accept_encoding="gzip", range="bytes=2-4", if_range=whole.headers["ETag"])
    assert (packed.body, packed.headers["Content-Encoding"]) == (whole.body[2:5], "gzip")


# -- times -------------------------------------------------------------------------------------------------------------


_BETWEEN = (datetime(1970, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001 (hypothesis wants them without a zone)


@given(st.datetimes(*_BETWEEN, timezones=st.just(UTC)))
def test_an_http_date_is_read_back_to_the_second(moment: datetime) -> None:
    assert parse_http_date(http_date(moment)) == moment.replace(microsecond=0)


def test_a_date_with_an_offset_is_read_as_the_moment_in_utc() -> None:
    read = parse_http_date("Fri, 20 Nov 2026 00:30:00 +0200")
    assert read
    assert read.isoformat() == "2026-11-19T22:30:00+00:00"


@given(st.text())
def test_anything_may_stand_where_a_date_should(text: str) -> None:
    moment = parse_http_date(text)
    assert moment is None or moment.tzinfo is not None


@given(
    st.dictionaries(
        st.sampled_from(["range", "if_range", "if_none_match", "if_modified_since", "accept_encoding"]), st.text()
    )
)
def test_headers_full_of_nonsense_give_an_answer(headers: dict[str, str]) -> None:
    try:
        assert get(**headers).status in (200, 206, 304)
    except RangeNotSatisfiable as error:
        assert error.status == 416  # noqa: PT017


def test_a_part_is_read_alone_where_that_can_be_done() -> None:
    plain = EncodedBody(unread, len(BODY), SHA256, part=lambda part: BODY[part.start : part.stop])
    response = get(resource(plain=plain), range="bytes=3-5")
    assert (response.status, response.body, response.headers["Content-Range"]) == (206, b"345", "bytes 3-5/10")
    assert response.headers["Repr-Digest"] == get().headers["Repr-Digest"]


def test_an_answer_holds_its_room_until_it_is_sent() -> None:
    body = bytes(2_000_000)
    in_flight = InFlight(most=3_000_000, patience=0)
    content = resource(plain=EncodedBody(lambda: body, len(body), SHA256))
    first = send(Request("GET", ""), content, in_flight)
    with pytest.raises(Busy):
        send(Request("GET", ""), content._replace(tag="another"), in_flight)
    assert first.body is body
