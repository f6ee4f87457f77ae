"""The query parameters of the HTTP API: what each takes, and what it says of what it does not take."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import BadArgument, NotAcceptable, NotArchived, RequestError
from shared.web.negotiation import MEDIA_TYPES
from shared.web.query import (
    OF_SERIES,
    OF_SNAPSHOT,
    Parameters,
    SeriesQuery,
    SnapshotSelector,
    check_names,
    parse_selector,
    parse_series,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DATES = ("refreshDate", "asOf", "from", "to")
FORMATS = ("csv", "json", "svg", "excel", "parquet")


def parameters(**values: str) -> Parameters:
    return Parameters(values, {*OF_SNAPSHOT, *OF_SERIES})


def value(name: str, text: str) -> Any:
    given = parameters(**{name: text})
    readers: dict[str, Callable[[], Any]] = {
        "refreshDate": lambda: parse_selector(given, NOW).refresh_date,
        "asOf": lambda: given.as_of(NOW),
        "from": lambda: given.days()[0],
        "to": lambda: given.days()[1],
        "revision": given.revision,
        "every": given.every,
        "bom": given.bom,
    }
    return readers[name]()


# -- days and instants -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["refreshDate", "from", "to"])
def test_a_day_is_written_as_in_iso_8601(name: str) -> None:
    assert value(name, "2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize("name", DATES)
@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "2023-02-29",
        "24-11-29",
        "2024-1-9",
        "11/29/2024",
        "-2024-11-29",
        "+2024-11-29",
        "2024-11-29 ",
        "20241129",
        "2024-W48-5",
        "\u0662\u0660\u0662\u0664-11-29",
        "2024-11-29,2024-11-30",
        "2024-11-29\n",
        "",
        "today",
        "0000-01-01",
        "2024-11-29T",
    ],
)
def test_anything_else_is_no_day(name: str, text: str) -> None:
    with pytest.raises(BadArgument, match=name):
        value(name, text)


@pytest.mark.parametrize("name", ["refreshDate", "from", "to"])
def test_only_as_of_takes_an_instant(name: str) -> None:
    with pytest.raises(BadArgument, match=name):
        value(name, "2024-11-29T00:00:00Z")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20", datetime(2026, 11, 20, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-11-20T12:00Z", datetime(2026, 11, 20, 12, tzinfo=UTC)),
        ("2026-11-20T12:00:30Z", datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)),
        ("2026-11-20T12:00:30.25Z", datetime(2026, 11, 20, 12, 0, 30, 250000, tzinfo=UTC)),
        ("2026-11-20T12:00:30.1234567Z", datetime(2026, 11, 20, 12, 0, 30, 123456, tzinfo=UTC)),
        ("2026-11-20T12:00:00+02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T12:00:00 02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_as_of_is_the_end_of_a_day_or_an_instant(text: str, instant: datetime) -> None:
    assert value("asOf", text) == instant


@pytest.mark.parametrize("text", ["2026-11-20T25:00Z", "2026-11-20T12:00", "2026-11-20T12Z", "0001-01-01T00:00+14:00"])
def test_an_instant_has_a_time_of_the_day_and_a_zone(text: str) -> None:
    with pytest.raises(BadArgument, match="asOf"):
        value("asOf", text)


def test_as_of_may_be_today_and_not_tomorrow() -> None:
    assert value("asOf", "2026-11-21") > NOW
    with pytest.raises(NotArchived) as caught:
        value("asOf", "2026-11-22")
    assert caught.value.code == "in_future"


def test_a_range_ends_after_its_beginning() -> None:
    assert parameters(**{"from": "2024-11-01", "to": "2024-11-02"}).days() == (date(2024, 11, 1), date(2024, 11, 2))
    for end in ("2024-11-01", "2024-10-31"):
        with pytest.raises(BadArgument, match="half-open"):
            parameters(**{"from": "2024-11-01", "to": end}).days()


# -- the others --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["0", "-1", "1e9", "1.0", "99999999999999999999", "01", "1,2", "", "one", "\u0661"])
def test_a_revision_is_a_whole_number_from_one_on(text: str) -> None:
    with pytest.raises(BadArgument, match="revision"):
        value("revision", text)
    assert value("revision", "12") == 12


def test_every_is_one_of_three_words_in_any_case() -> None:
    assert [value("every", text) for text in ("day", "Week", "MONTH")] == ["day", "week", "month"]
    with pytest.raises(BadArgument, match="day, week, month"):
        value("every", "year")


def test_bom_is_one_or_zero() -> None:
    assert (value("bom", "1"), value("bom", "0"), parameters().bom()) == (True, False, False)
    with pytest.raises(BadArgument, match="bom"):
        value("bom", "true")


def test_what_a_series_is_asked_for_is_read_at_once() -> None:
    given = parameters(**{"from": "2026-11-01", "every": "week", "bom": "1", "asOf": "2026-11-20", "format": "csv"})
    wanted = parse_series(given, FORMATS, "", NOW)
    assert wanted == SeriesQuery(
        format="csv", bom=True, first=date(2026, 11, 1), end=None, every="week", of="last", as_of=given.as_of(NOW)
    )


@pytest.mark.parametrize(
    "values", [{"format": "xml"}, {"bom": "2"}, {"to": "x"}, {"every": "year"}, {"asOf": "x"}], ids=str
)
def test_nothing_of_a_series_stays_unread(values: dict[str, str]) -> None:
    with pytest.raises(BadArgument, match=next(iter(values))):
        parse_series(parameters(**values), FORMATS, "", NOW)


def test_an_unknown_parameter_is_named_with_those_there_are() -> None:
    with pytest.raises(BadArgument, match=r"'limit'.*refreshDate"):
        Parameters({"limit": "10"}, OF_SNAPSHOT)
    with pytest.raises(BadArgument, match="period"):
        Parameters({"period[]": "D7"}, OF_SNAPSHOT)


def test_what_is_of_a_call_is_unknown_where_no_call_is() -> None:
    with pytest.raises(BadArgument, match="Allowed: none"):
        check_names({"period": "D7"}, (), of_call=False)


def test_names_are_read_in_any_case_and_the_hosts_key_is_left_to_it() -> None:
    given = Parameters({"REFRESHDATE": "2024-11-29", "code": "secret", "clientId": "default", "CODE": "2"}, OF_SNAPSHOT)
    assert parse_selector(given, NOW) == SnapshotSelector(date(2024, 11, 29))
    assert given.arguments == {}


def test_a_parameter_in_two_cases_with_two_values_is_refused() -> None:
    with pytest.raises(BadArgument, match="twice"):
        Parameters({"asOf": "2024-11-29", "asof": "2024-11-30"}, OF_SNAPSHOT)


# -- formats -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "accept", "form"),
    [
        ({}, "", "csv"),
        ({}, "*/*", "csv"),
        ({}, "text/html,application/xhtml+xml,*/*;q=0.8", "csv"),
        ({}, "application/json", "json"),
        ({}, "application/json;odata.metadata=minimal", "json"),
        ({}, "application/json, text/csv", "csv"),
        ({}, "application/octet-stream, application/json", "csv"),
        ({}, "text/*", "csv"),
        ({}, "text/csv;q=0, application/json", "json"),
        ({}, "text/csv;q=0, */*", "json"),
        ({}, "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "csv"),
        ({}, "*/*;q=1.", "csv"),
        ({}, "text/csv;q=0.5, application/json", "json"),
        ({}, "application/json;q=.2, */*;q=.1", "json"),
        ({}, "application/json;q=0.4, text/csv;q=0.5", "csv"),
        ({}, "image/svg+xml", "svg"),
        ({"format": "JSON"}, "text/csv", "json"),
        ({"format": "excel"}, "", "excel"),
        ({"$format": "application/json"}, "", "json"),
        ({"$format": "application/json;odata.metadata=none"}, "", "json"),
        ({"$format": "text/csv"}, "application/json", "csv"),
    ],
)
def test_format_is_asked_first_and_then_accept(values: dict[str, str], accept: str, form: str) -> None:
    assert parameters(**values).format(FORMATS, accept) == form


@pytest.mark.parametrize(("form", "media_type"), MEDIA_TYPES.items())
def test_dollar_format_is_the_media_type_of_a_form(form: str, media_type: str) -> None:
    assert Parameters({"$format": media_type}, OF_SNAPSHOT).format([*MEDIA_TYPES], "") == form


@pytest.mark.parametrize("text", ["xml", "csv,json", "json;a,csv", "application/xml", ""])
def test_another_format_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(BadArgument, match="csv, json, svg, excel, parquet"):
        parameters(format=text).format(FORMATS, "")


def test_an_accept_that_admits_nothing_there_is_not_acceptable() -> None:
    with pytest.raises(NotAcceptable, match="text/csv"):
        parameters().format(FORMATS, "image/png, text/csv;q=0.0")


def test_two_words_for_two_formats_are_refused() -> None:
    with pytest.raises(BadArgument, match=r"\$format"):
        parameters(**{"format": "csv", "$format": "application/json"}).format(FORMATS, "")


@given(st.sampled_from([*DATES, "revision", "every", "bom"]), st.text())
def test_whatever_is_written_is_a_value_or_a_clear_error(name: str, text: str) -> None:
    try:
        found = value(name, text)
    except RequestError as error:
        assert 400 <= error.status < 500  # noqa: PT017
    else:
        assert found is not None


_BETWEEN = (datetime(2000, 1, 1), datetime(2026, 11, 20))  # noqa: DTZ001 (hypothesis wants them without a zone)


@given(st.datetimes(*_BETWEEN, timezones=st.just(UTC)))
def test_an_instant_is_read_as_it_was_meant(instant: datetime) -> None:
    assert value("asOf", instant.isoformat(timespec="microseconds")) == instant
    assert abs(value("asOf", instant.date().isoformat()) - instant) < timedelta(days=1)


@given(st.text())
def test_any_accept_is_read(accept: str) -> None:
    try:
        assert parameters().format(FORMATS, accept) in FORMATS
    except NotAcceptable as error:
        assert error.status == 406  # noqa: PT017


def test_what_stands_for_a_week_is_one_of_three() -> None:
    assert parse_series(parameters(every="week", of="MEAN"), FORMATS, "", NOW).of == "mean"
    with pytest.raises(BadArgument, match="of must be one of last, mean, max, not 'sum'"):
        parse_series(parameters(every="week", of="sum"), FORMATS, "", NOW)


def test_a_mean_is_of_a_week_or_a_month() -> None:
    with pytest.raises(BadArgument, match="add every=week or every=month"):
        parse_series(parameters(of="mean"), FORMATS, "", NOW)
