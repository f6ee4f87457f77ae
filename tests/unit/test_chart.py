"""The chart of a table: which lines it has, where they have gaps, and that it is safe to embed."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.report.history import Concatenation
from shared.report.table import Table, columns_of, parse
from shared.web.formats.chart import line_chart
from shared.web.formats.svg import HEIGHT, MAX_LINES, WIDTH
from tests.shelf import lines

SVG = "{http://www.w3.org/2000/svg}"
DAY = date(2026, 11, 18)


class Picture:
    """What there is to see in a chart."""

    def __init__(self, content: bytes) -> None:
        self.root = ElementTree.fromstring(content)
        self.texts = [element.text or "" for element in self.root.iter(f"{SVG}text")]
        drawn = [element for element in self.root if element.tag in (f"{SVG}path", f"{SVG}circle", f"{SVG}text")]
        self.lines: dict[str, list[list[tuple[float, float]]]] = {}
        """By label: the places of the points, those without a gap between them together."""
        runs: list[list[tuple[float, float]]] = []
        swatch = False
        for element in drawn:
            if swatch:
                self.lines[(element.findtext(f"{SVG}title") or element.text or "")] = sorted(runs)
                runs, swatch = [], False
            elif element.tag == f"{SVG}circle":
                runs.append([(float(element.attrib["cx"]), float(element.attrib["cy"]))])
            elif element.tag == f"{SVG}path":
                path = element.attrib["d"]
                swatch = path.endswith("h20")
                runs += [] if swatch else [_points(run) for run in path.split("M")[1:]]

    @property
    def note(self) -> str:
        return next((text for text in self.texts if re.search("drawn", text, re.IGNORECASE)), "")

    def lengths(self, label: str) -> list[int]:
        """How many points there are between the gaps of a line."""
        return [len(run) for run in self.lines[label]]


def _points(run: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (point.split() for point in run.split("L"))]


def chart(*rows: str, title: str = "Users") -> Picture:
    return Picture(line_chart(parse(lines(*rows)), title))


def daily(column: str, cells: list[str], step: int = 1) -> Picture:
    return chart(
        f"Report Refresh Date,Report Date,{column}",
        *(f"{DAY},{DAY + timedelta(step * number)},{cell}" for number, cell in enumerate(cells) if cell != "no row"),
    )


def people(header: str, *snapshots: list[str]) -> Picture:
    """The chart of what was pulled about people on days one after the other."""
    bodies = [(DAY + timedelta(number), lines(header, *rows)) for number, rows in enumerate(snapshots)]
    columns = parse(bodies[0][1], DAY).columns
    return Picture(line_chart(Concatenation(columns, lambda: bodies), "People"))


# Which lines


def test_each_column_of_numbers_is_a_line() -> None:
    picture = chart(
        "Report Refresh Date,Teams,Report Date,Yammer,Report Period",
        "2026-11-18,5,2026-11-18,1,7",
        "2026-11-18,6,2026-11-17,0,7",
    )
    assert list(picture.lines) == ["Teams", "Yammer"]


def test_without_report_date_the_refresh_dates_are_the_days() -> None:
    table = parse(b"Report Refresh Date,Teams\n2026-11-17,5\n2026-11-18,6\n")
    assert Picture(line_chart(table, "")).lengths("Teams") == [2]


def test_higher_is_more_and_further_right_is_later() -> None:
    [[first, second, third]] = daily("Users", ["0", "10", "5"]).lines["Users"]
    assert first[0] < second[0] < third[0]
    assert first[1] - third[1] == pytest.approx((first[1] - second[1]) / 2, abs=0.1)


def test_nothing_is_below_zero_and_negative_numbers_are() -> None:
    [[zero, one]] = daily("Users", ["0", "1"]).lines["Users"]
    [[below, above]] = daily("Users", ["-1", "1"]).lines["Users"]
    assert zero[1] == below[1] > above[1] == one[1]


def test_rows_of_one_day_are_lines_of_their_own() -> None:
    rows = [f"{DAY},{site},{day},9" for site in ("All", "Group") for day in ("2026-11-17", "2026-11-18")]
    picture = chart("Report Refresh Date,Site Type,Report Date,Storage Used (Byte)", *rows)
    assert {label: picture.lengths(label) for label in picture.lines} == {"All": [2], "Group": [2]}


def test_of_several_measures_of_a_product_each_is_named() -> None:
    picture = chart("Report Refresh Date,Product Type,Windows,Mac", f"{DAY},Visio,1,2", f"{DAY},,3,4")
    assert list(picture.lines) == ["Visio: Windows", "Visio: Mac", "(blank): Windows", "(blank): Mac"]


def test_what_is_the_same_in_all_rows_is_not_named() -> None:
    picture = chart("Report Refresh Date,Site Type,Total,Active", f"{DAY},All,1,2")
    assert list(picture.lines) == ["Total", "Active"]


def test_several_periods_in_one_file_are_lines_of_their_own() -> None:
    picture = chart("Report Refresh Date,Report Period,Edge", f"{DAY},7,1", f"{DAY},30,2")
    assert list(picture.lines) == ["7", "30"]


def test_columns_of_one_name_are_told_apart() -> None:
    assert list(chart("Report Refresh Date,Used,Used", f"{DAY},1,2").lines) == ["Used", "Used (2)"]


def test_a_cell_that_is_no_number_is_a_gap_in_a_column_of_numbers() -> None:
    assert daily("Users", ["1", "2", "N/A", "4", "5"]).lengths("Users") == [2, 2]


def test_only_the_highest_lines_are_drawn_and_the_picture_says_so() -> None:
    columns = [f"C{number}" for number in range(MAX_LINES + 2)]
    cells = ["1", "9", *("5" for _ in range(MAX_LINES))]
    picture = chart(f"Report Refresh Date,{','.join(columns)}", f"{DAY},{','.join(cells)}")
    assert list(picture.lines) == columns[1:-1]
    assert picture.note == f"Drawn: {MAX_LINES} of {MAX_LINES + 2} lines, the highest."


def test_durations_are_named_and_not_drawn() -> None:
    picture = chart("Report Refresh Date,Calls,Audio Duration,Video Duration", f"{DAY},1,PT5H,P1DT2H3M4S")
    assert list(picture.lines) == ["Calls"]
    assert picture.note == "Not drawn: Audio Duration, Video Duration."


def test_a_picture_of_everything_has_no_note() -> None:
    assert not daily("Users", ["1"]).note


# People


def test_rows_about_people_are_counted() -> None:
    picture = people(
        "Report Refresh Date,User Principal Name,Send Count,Assigned Products",
        ["x,ann,5,E5", "x,bob,7,E3"],
        ["x,ann,5,E5"],
    )
    assert list(picture.lines) == ["Rows"]
    [[two, one]] = picture.lines["Rows"]
    assert two[1] < one[1]


def heights(picture: Picture, label: str) -> list[float]:
    """Values of a line as shares of the line `Rows`."""
    [rows], [line] = picture.lines["Rows"], picture.lines[label]
    across = [
        element.attrib for element in picture.root.iter(f"{SVG}line") if element.attrib["x1"] != element.attrib["x2"]
    ]
    zero = max(float(attributes["y1"]) for attributes in across)
    return [round((zero - value) / (zero - total), 1) for (_, value), (_, total) in zip(line, rows, strict=True)]


def test_people_active_within_the_period_are_counted() -> None:
    picture = people(
        "Report Refresh Date,User Principal Name,Last Activity Date,Report Period",
        ["x,a,2026-11-18,7", "x,b,2026-11-12,7", "x,c,2026-11-11,7", "x,d,,7"],
        ["x,a,2026-11-18,7", "x,b,2026-11-12,7", "x,c,2026-11-19T00:00:00,7", "x,d,2026-11-13,7"],
    )
    assert heights(picture, "Last Activity Date within 7 days") == [0.5, 0.8]


def test_of_a_single_day_those_active_on_it_are_counted() -> None:
    picture = people("Report Refresh Date,User Id,Last Activity Date,Report Period", ["x,a,2026-11-18,1", "x,b,,1"])
    assert list(picture.lines) == ["Rows", "Last Activity Date on the day"]


def test_with_several_periods_each_row_counts_within_its_own() -> None:
    picture = people(
        "Report Refresh Date,User Principal Name,Last Activity Date,Report Period",
        ["x,a,2026-11-10,7", "x,a,2026-11-10,30"],
    )
    assert heights(picture, "Last Activity Date within the period") == [0.5]


def test_without_a_period_whoever_was_ever_active_counts() -> None:
    picture = people(
        "Report Refresh Date,Display Name,Teams Last Activity Date,Teams License Assign Date",
        ["x,a,2020-01-01,2020-01-01", "x,b,,2020-01-01"],
    )
    assert heights(picture, "with Teams Last Activity Date") == [0.5]
    assert list(picture.lines) == ["Rows", "with Teams Last Activity Date"]


def test_people_with_a_yes_are_counted() -> None:
    picture = people("Report Refresh Date,User Id,Windows", ["x,a,Yes", "x,b,no", "x,c,", "x,d,True"], ["x,a,No"])
    assert heights(picture, "Windows") == [0.5, 0.0]


def test_a_day_on_which_a_column_is_blank_is_no_zero() -> None:
    picture = people("Report Refresh Date,Site URL,Is Deleted", ["x,a,No"], ["x,a,"], ["x,a,Yes"])
    assert picture.lengths("Rows") == [3]
    assert picture.lengths("Is Deleted") == [1, 1]


def test_the_first_lines_about_people_are_drawn_and_the_picture_says_so() -> None:
    columns = [f"C{number}" for number in range(MAX_LINES)]
    picture = people(f"Report Refresh Date,User Id,{','.join(columns)}", [f"x,a,{','.join(['No'] * MAX_LINES)}"])
    assert list(picture.lines) == ["Rows", *columns[:-1]]
    assert picture.note == f"Drawn: {MAX_LINES} of {MAX_LINES + 1} lines."


def test_rows_without_numbers_are_counted() -> None:
    assert list(chart("Report Refresh Date,Product Type", f"{DAY},Visio").lines) == ["Rows"]


# Gaps


def test_a_blank_cell_is_a_gap_and_no_zero() -> None:
    assert daily("Users", ["1", "2", "", "4", "5", "6"]).lengths("Users") == [2, 3]


def test_a_day_between_gaps_is_a_dot() -> None:
    picture = daily("Users", ["1", "", "3", "", "5"])
    assert picture.lengths("Users") == [1, 1, 1]
    assert len(list(picture.root.iter(f"{SVG}circle"))) == 3


def test_a_weekend_without_rows_is_no_gap_and_a_longer_time_is_one() -> None:
    weekend = ["1", "2", "3", "no row", "no row", "6", "7"]
    assert daily("Users", weekend).lengths("Users") == [5]
    assert daily("Users", [*weekend[:3], "no row", *weekend[3:]]).lengths("Users") == [3, 2]


def test_what_is_a_gap_depends_on_the_usual_step() -> None:
    assert daily("Users", ["1", "2", "3"], step=30).lengths("Users") == [3]


def test_a_line_that_begins_later_does_not_move_the_others() -> None:
    picture = chart(
        "Report Refresh Date,Report Date,A,B", *(f"{DAY},2026-11-1{n},{n},{'' if n < 5 else n}" for n in range(9))
    )
    assert picture.lines["A"][0][5:] == picture.lines["B"][0]


# What stands around


def test_title_and_days_are_there() -> None:
    picture = chart("Report Refresh Date,Users", "2026-11-17,1", "2026-11-18,2", title="Active users")
    assert picture.root.findtext(f"{SVG}title") == picture.texts[0] == "Active users"
    assert {"2026-11-17", "2026-11-18"} <= {*picture.texts}


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (0, ["2026-11-18"]),
        (8, ["2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21"]),
        (12, ["2026-11-18", "2026-11-20", "2026-11-22"]),
        (50, ["2026-11-18", "2026-11-25", "2026-12-02"]),
        (100, ["2026-11-18", "2026-12-02", "2026-12-16"]),
        (180, ["2026-12", "2027-01", "2027-02", "2027-03", "2027-04", "2027-05"]),
        (730, ["2027-01", "2027-04", "2027-07"]),
        (3650, ["2030-01", "2035-01"]),
    ],
)
def test_days_are_labelled_as_the_range_allows(days: int, labels: list[str]) -> None:
    found = [
        text for text in daily("Users", ["1", "2"][: days + 1], step=days).texts if re.fullmatch(r"[\d-]{7,}", text)
    ]
    assert found[: len(labels)] == labels
    assert len(found) <= 9


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("0", ["0", "1"]),
        ("3", ["0", "1", "2", "3"]),
        ("61", ["0", "10", "20", "30", "40", "50", "60", "70"]),
        ("0.5", ["0", "0.1", "0.2", "0.3", "0.4", "0.5"]),
        ("5000", ["0", "1000", "2000", "3000", "4000", "5000"]),
        ("25000", ["0", "5 k", "10 k", "15 k", "20 k", "25 k"]),
        ("5159432679270", ["0", "1 T", "2 T", "3 T", "4 T", "5 T", "6 T"]),
        ("-3000000", ["-3 M", "-2.5 M", "-2 M", "-1.5 M", "-1 M", "-0.5 M", "0"]),
    ],
)
def test_values_are_labelled_with_round_numbers(cell: str, labels: list[str]) -> None:
    assert daily("Users", [cell]).texts[1 : 1 + len(labels)] == labels


def test_a_table_without_rows_says_so() -> None:
    picture = Picture(line_chart(Table(), "Empty"))
    assert picture.texts == ["Empty", "no rows"]
    assert not picture.lines


def test_days_that_are_none_of_the_calendar_are_left_out() -> None:
    rows = ["2026-11-18", "2026-02-30", "20261117", "soon"]
    assert chart("Report Refresh Date,Report Date,Users", *(f"{DAY},{day},1" for day in rows)).lengths("Users") == [1]
    assert "no rows" in chart("Report Refresh Date,Report Date,Users", f"{DAY},soon,1").texts


def test_long_labels_keep_both_ends_and_can_be_read_in_full() -> None:
    label = "MICROSOFT 365 APPS FOR ENTERPRISE: Windows 10 Mobile"
    picture = chart("Report Refresh Date,Product Type,Windows 10 Mobile,Mac", f"{DAY},{label[:33]},1,2", f"{DAY},X,1,2")
    shown = next(text for text in picture.texts if text.startswith("MICROSOFT"))
    assert label in picture.lines
    assert len(shown) == 34
    assert label.startswith(shown.split("…")[0])
    assert label.endswith(shown.split("…")[1])


def test_a_month_is_labelled_where_it_begins() -> None:
    days = ["2026-11-01", "2027-05-01"]
    picture = chart("Report Refresh Date,Report Date,Users", *(f"{DAY},{day},1" for day in days))
    places = [
        element.attrib["x"] for element in picture.root.iter(f"{SVG}text") if element.text in ("2026-11", "2027-05")
    ]
    assert [float(place) for place in places] == [x for run in picture.lines["Users"] for x, _ in run]


def test_wide_characters_take_two_places() -> None:
    assert "Ａ" * 17 in chart("Report Refresh Date," + "Ａ" * 17, f"{DAY},1").texts  # noqa: RUF001
    assert "Ａ" * 18 not in chart("Report Refresh Date," + "Ａ" * 18, f"{DAY},1").texts  # noqa: RUF001
    assert "漢" * 8 + "…" + "漢" * 8 in chart("Report Refresh Date," + "漢" * 18, f"{DAY},1").texts
    assert "漢" * 17 in chart("Report Refresh Date," + "漢" * 17, f"{DAY},1").texts


# Safe to embed


text = st.text(st.characters(codec="utf-8"), max_size=8)


@settings(max_examples=50)
@given(st.lists(text, min_size=3, max_size=3), text, text)
@example(["</title><script>alert(1)</script>", '"onload="x', "]]>"], "\x00\x1b\ud7ff\ufffe", "<!--")
def test_no_text_becomes_markup(names: list[str], product: str, title: str) -> None:
    table = Table(
        columns_of(["Report Refresh Date", *names]),
        {"2026-11-18": [("2026-11-18", product, "1", "2"), ("2026-11-18", "x", "3", "4")]},
    )
    root = ElementTree.fromstring(line_chart(table, title))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "rect", "text", "line", "path", "circle"
    }  # fmt: skip
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or name in ("href", "style", "id", "class")]


@settings(max_examples=50)
@given(
    st.lists(
        st.sampled_from(["", "0", "-1", "7", "123456789012345678", "0.000000000000000001", "9" * 400, "x"]), max_size=9
    )
)
def test_every_point_is_inside_the_picture(cells: list[str]) -> None:
    for runs in daily("Users", cells).lines.values():
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for run in runs for x, y in run)


@settings(max_examples=50)
@given(st.dates(), st.dates())
def test_from_any_day_to_any_other_there_are_one_to_nine_labels(first: date, last: date) -> None:
    table = Table(
        columns_of(["Report Refresh Date", "Users"]), {str(day): [(str(day), str(day.month))] for day in (first, last)}
    )
    picture = Picture(line_chart(table, ""))
    assert 1 <= len([text for text in picture.texts if re.fullmatch(r"[\d-]{7,}", text)]) <= 9


def test_the_same_table_gives_the_same_bytes() -> None:
    table = parse(lines("Report Refresh Date,A,B", f"{DAY},1,2"))
    assert line_chart(table, "x") == line_chart(parse(table.to_csv()), "x")


def test_nothing_refers_to_anything_outside() -> None:
    content = line_chart(parse(lines("Report Refresh Date,A", f"{DAY},1")), "x").decode("ascii")
    assert re.findall(r"\w+://[^\"]*", content) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in content
