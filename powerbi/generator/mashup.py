"""Power Query (M): the parameters and functions of the model, and the queries to paste."""

from __future__ import annotations

from typing import NamedTuple


class Parameter(NamedTuple):
    """A parameter of the model; `value` is M."""

    name: str
    value: str
    kind: str
    meaning: str
    required: bool = True
    choices: tuple[str, ...] = ()

    @property
    def expression(self) -> str:
        listed = f", List = {{{', '.join(self.choices)}}}, DefaultValue = {self.value}" if self.choices else ""
        required = str(self.required).lower()
        meta = f'IsParameterQuery = true{listed}, Type = "{self.kind}", IsParameterQueryRequired = {required}'
        return f"{self.value} meta [{meta}]"


class Function(NamedTuple):
    """A function of the model."""

    name: str
    meaning: str
    expression: str


PARAMETERS = (
    Parameter(
        "BaseUrl",
        '"https://HOST/api/v1.0/reports"',
        "Text",
        "Where the archive is. With /api/personal/v1.0/reports and a key of personal_reports, People is filled too.",
    ),
    Parameter(
        "Key",
        '""',
        "Text",
        "Leave it empty, and the key is asked for as a credential of the kind Web API. Only where that is refused: the "
        "key itself, with a credential of the kind Anonymous; everybody who may edit the model can then read it.",
        required=False,
    ),
    Parameter("RangeStart", "#datetime(2020, 1, 1, 0, 0, 0)", "DateTime", "The first day to load."),
    Parameter("RangeEnd", "#datetime(2040, 1, 1, 0, 0, 0)", "DateTime", "The day to load up to, itself left out."),
    Parameter(
        "DetailEvery",
        '"month"',
        "Text",
        "Which days the table People keeps: the last of each month, the last of each week, or every day.",
        choices=('"month"', '"week"', '"day"'),
    ),
)

ARCHIVE = Function(
    "Archive",
    "One request to the archive, with the key as a credential or from the parameter Key. 400, 404 and 413 are left to "
    "the caller: their bodies say why.",
    """\
(optional path as nullable text, optional query as nullable record) as binary =>
let
    Place = if path = null then [] else [RelativePath = path],
    Asked = query ?? [],
    NoKey = (Key ?? "") = "", // Power BI may make null of what is left empty in its dialog
    Credential = if NoKey then [ApiKeyName = "code", Query = Asked] else [Query = Asked & [code = Key]],
    Options = [Timeout = #duration(0, 0, 3, 50), ManualStatusHandling = {400, 404, 413}]
in
    Web.Contents(BaseUrl, Options & Place & Credential)""",
)

SERIES = Function(
    "Series",
    "The history of a report: `columns` are names and types as Table.TransformColumnTypes takes them, `query` may name "
    "period, every, asOf, and from and to. What the archive has nothing of is an empty table.",
    """\
(report as text, columns as list, optional query as nullable record) as table =>
let
    Iso = (value) => if value is text then value
        else Date.ToText(Date.From(value), [Format = "yyyy-MM-dd", Culture = "en-US"]),
    Given = query ?? [],
    Asked = Record.FromList(List.Transform(Record.FieldValues(Given), Iso), Record.FieldNames(Given)),
    Response = Archive(report & "/series", Asked),
    Body = Binary.Buffer(Response),
    Status = Value.Metadata(Response)[Response.Status],
    Problem = Json.Document(Body),
    Rows = if Status = 200
        then Table.PromoteHeaders(
            Csv.Document(Body, [Delimiter = ",", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),
            [PromoteAllScalars = true]
        )
        else if List.Contains({"not_pulled", "personal_report"}, Problem[code]) then #table({}, {})
        else error Error.Record("Archive." & Problem[code], Problem[detail], report),
    Names = List.Transform(columns, List.First),
    Picked = Table.SelectColumns(Rows, Names, MissingField.UseNull),
    Blank = Table.ReplaceValue(Picked, "", null, Replacer.ReplaceValue, Names),
    Typed = Table.TransformColumnTypes(Blank, columns, "en-US")
in
    Typed""",
)

FUNCTIONS = (ARCHIVE, SERIES)


class Paste(NamedTuple):
    """A query to paste: what it answers, its own lines, and the request that they make."""

    title: str
    lines: tuple[str, ...]
    path: str
    query: str


_PASTE = """\
// {title}
//
// Power BI Desktop or Excel: Get Data, Blank Query, Advanced Editor; paste this in place of what is there. Write your
// host in BaseUrl. There are two ways to hand over the function key:
//
//   Key = ""     Power Query asks for it once: choose "Web API", and the address in BaseUrl as the level. It is kept
//                with your credentials and not in the file. The way to begin with.
//   Key = "..."  The key is in the query, readable for everybody who has the file: only where "Web API" is not offered
//                or refused. Choose "Anonymous" then.
//
// Checked with Microsoft's parser for Power Query, which is not a run: neither way was tried in Power BI or Excel by
// those who wrote this. docs/power-bi.md tells what is known of each place.
let
    BaseUrl = "https://HOST/api/v1.0/reports",
    Key = "",
{lines}
    Asked = {query},
    Credential = if Key = "" then [ApiKeyName = "code", Query = Asked] else [Query = Asked & [code = Key]],
    Body = Web.Contents(BaseUrl, [RelativePath = {path}, Timeout = #duration(0, 0, 3, 50)] & Credential),
    // Without Columns = n, so that a column that Microsoft adds later is not dropped.
    Rows = Csv.Document(Binary.Buffer(Body), [Delimiter = ",", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),
    Headed = Table.PromoteHeaders(Rows, [PromoteAllScalars = true]),
    // Add the columns that you calculate with, and leave "en-US": it is how the archive writes dates and numbers.
    Typed = Table.TransformColumnTypes(Headed, {{{{"Report Refresh Date", type date}}}}, "en-US")
in
    Typed
"""

_SUMMARY = ('Report = "getOffice365ServicesUserCounts",', 'Period = "D30",')

_PASTES = {
    "latest": Paste("The newest snapshot of a report, as Microsoft sent it.", _SUMMARY, "Report", "[period = Period]"),
    "by-date": Paste(
        "The snapshot of one refresh date, in its last revision.",
        (*_SUMMARY, 'RefreshDate = "2026-11-18",'),
        "Report",
        "[period = Period, refreshDate = RefreshDate]",
    ),
    "as-of": Paste(
        "The snapshot that was the newest at the end of a day (UTC): what the report said then, before corrections.",
        (*_SUMMARY, 'AsOf = "2026-11-18",'),
        "Report",
        "[period = Period, asOf = AsOf]",
    ),
    "series": Paste(
        "The history of a report as one table: the days from From on and before To.",
        (
            'Report = "getOffice365ActiveUserCounts",',
            'From = "2025-01-01",',
            'To = "2027-01-01",',
            'Every = "day", // or "week", "month": the last day of each',
        ),
        'Report & "/series"',
        "[from = From, to = To, every = Every]",
    ),
}


def queries() -> dict[str, str]:
    """The text of every query to paste, by its name."""
    return {
        name: _PASTE.format(
            title=paste.title,
            lines="\n".join(f"    {line}" for line in paste.lines),
            path=paste.path,
            query=paste.query,
        )
        for name, paste in _PASTES.items()
    }
