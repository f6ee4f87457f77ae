"""The semantic model as TMDL: https://learn.microsoft.com/analysis-services/tmdl/tmdl-overview

The order of properties is that of Microsoft's own serializer, so that saving in Power BI Desktop changes little.
"""

from __future__ import annotations

import json
import re

from powerbi.generator.ids import tag
from powerbi.generator.mashup import FUNCTIONS, PARAMETERS, Function, Parameter
from powerbi.generator.tables import DATE, RELATIONSHIPS, TABLES, TEXT, WHOLE, Column, Measure, Table

MODEL = "Usage.SemanticModel"
SETUP, DATA = "Setup", "Data"
"""The groups of queries."""

_DATA_TYPES = {DATE: "dateTime", WHOLE: "int64", TEXT: "string"}
_FORMS = {DATE: "yyyy-mm-dd", WHOLE: "#,##0", TEXT: ""}
_SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric"
_COMPATIBILITY = 1600
_POLICY = """\
\trefreshPolicy
\t\tpolicyType: basic
\t\trollingWindowGranularity: year
\t\trollingWindowPeriods: 10
\t\tincrementalGranularity: quarter
\t\tincrementalPeriods: 3
\t\tsourceExpression =
{source}

"""
"""Three quarters reach back more than the 180 days in which Microsoft can still correct a day."""


def documents() -> dict[str, str]:
    """The files of the semantic model, by path."""
    definition = {
        "database.tmdl": f"database\n\tcompatibilityLevel: {_COMPATIBILITY}\n",
        "model.tmdl": _model(),
        "expressions.tmdl": "\n".join([*map(_parameter, PARAMETERS), *map(_function, FUNCTIONS)]),
        "relationships.tmdl": "\n".join(_relationship(*ends) for ends in RELATIONSHIPS),
        **{f"tables/{table.name}.tmdl": _table(table) for table in TABLES},
    }
    return {
        f"{MODEL}/.platform": platform("SemanticModel"),
        f"{MODEL}/definition.pbism": dump(
            {
                "$schema": f"{_SCHEMAS}/item/semanticModel/definitionProperties/1.0.0/schema.json",
                "version": "4.0",
                "settings": {},
            }
        ),
        **{f"{MODEL}/definition/{name}": text + "\n" for name, text in definition.items()},
    }


def platform(kind: str) -> str:
    """The file `.platform` of an item."""
    return dump(
        {
            "$schema": f"{_SCHEMAS}/gitIntegration/platformProperties/2.0.0/schema.json",
            "metadata": {"type": kind, "displayName": "Usage"},
            "config": {"version": "2.0", "logicalId": tag("item", kind)},
        }
    )


def dump(content: object) -> str:
    """JSON as Power BI Desktop writes it."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _model() -> str:
    queries = [query.name for query in (*PARAMETERS, *FUNCTIONS)] + [
        table.name for table in TABLES if not table.calculated
    ]
    return "\n".join(
        [
            "model Model",
            "\tculture: en-US",
            "\tdefaultPowerBIDataSourceVersion: powerBI_V3",
            "\tdiscourageImplicitMeasures",
            "\tsourceQueryCulture: en-US",
            "\tdataAccessOptions",
            "\t\tlegacyRedirects",
            "\t\treturnErrorValuesAsNull",
            "",
            *(line for order, name in enumerate((SETUP, DATA)) for line in _query_group(name, order)),
            "annotation __PBI_TimeIntelligenceEnabled = 0",
            "",
            f"annotation PBI_QueryOrder = {json.dumps(queries, separators=(',', ':'))}",
            "",
            *(f"ref table {_quoted(table.name)}" for table in TABLES),
            "",
        ]
    )


def _query_group(name: str, order: int) -> list[str]:
    return [f"queryGroup {name}", "", f"\tannotation PBI_QueryGroupOrder = {order}", ""]


def _parameter(parameter: Parameter) -> str:
    return (
        f"/// {parameter.meaning}\nexpression {parameter.name} = {parameter.expression}\n"
        f"\tlineageTag: {tag('expression', parameter.name)}\n\tqueryGroup: {SETUP}\n\n"
        f"\tannotation PBI_ResultType = {parameter.kind}\n"
    )


def _function(function: Function) -> str:
    return (
        f"/// {function.meaning}\nexpression {function.name} =\n{_indented(function.expression, 2)}\n"
        f"\tlineageTag: {tag('expression', function.name)}\n\tqueryGroup: {SETUP}\n\n"
        f"\tannotation PBI_ResultType = Function\n"
    )


def _relationship(from_table: str, from_column: str, to_table: str, to_column: str) -> str:
    return (
        f"relationship {tag('relationship', from_table, from_column, to_table, to_column)}\n"
        f"\tfromColumn: {_quoted(from_table)}.{_quoted(from_column)}\n"
        f"\ttoColumn: {_quoted(to_table)}.{_quoted(to_column)}\n"
    )


def _table(table: Table) -> str:
    head = f"/// {table.meaning}\ntable {_quoted(table.name)}\n\tlineageTag: {tag('table', table.name)}\n"
    head += "\tdataCategory: Time\n\n" if table.calculated else "\n"
    policy = _POLICY.format(source=_indented(table.source, 3)) if table.incremental else ""
    members = [_measure(table, measure) for measure in table.measures]
    members += [_column(table, column) for column in table.columns]
    return head + policy + "".join(members) + _partition(table)


def _measure(table: Table, measure: Measure) -> str:
    expression = measure.expression
    body = f"\n{_indented(expression, 3)}" if "\n" in expression else f" {expression}"
    form = f"\t\tformatString: {measure.form}\n" if measure.form else ""
    return (
        f"\t/// {measure.meaning}\n\tmeasure {_quoted(measure.name)} ={body}\n{form}"
        f"\t\tlineageTag: {tag('measure', table.name, measure.name)}\n\n"
    )


def _column(table: Table, column: Column) -> str:
    form = column.form or _FORMS[column.kind]
    source = f"[{column.name}]" if table.calculated else column.name
    lines = [
        f"column {_quoted(column.name)}",
        f"\tdataType: {_DATA_TYPES[column.kind]}",
        "\tisHidden" if column.hidden else "",
        "\tisKey" if column.key else "",
        f"\tformatString: {form}" if form else "",
        f"\tlineageTag: {tag('column', table.name, column.name)}",
        "\tsummarizeBy: none",
        "\tisNameInferred" if table.calculated else "",
        f"\tsourceColumn: {source}",
        f"\tsortByColumn: {_quoted(column.sort_by)}" if column.sort_by else "",
    ]
    text = "".join(f"\t{line}\n" for line in lines if line) + "\n\t\tannotation SummarizationSetBy = User\n\n"
    only_date = column.kind == DATE and "h" not in form
    return text + ("\t\tannotation UnderlyingDateTimeDataType = Date\n\n" if only_date else "")


def _partition(table: Table) -> str:
    kind, group = ("calculated", "") if table.calculated else ("m", f"\t\tqueryGroup: {DATA}\n")
    return (
        f"\tpartition {_quoted(table.name)} = {kind}\n\t\tmode: import\n{group}"
        f"\t\tsource =\n{_indented(table.source, 4)}\n\n\tannotation PBI_ResultType = Table\n"
    )


def _indented(text: str, tabs: int) -> str:
    return "\n".join("\t" * tabs + line if line else "" for line in text.splitlines())


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"\w+", name) else "'" + name.replace("'", "''") + "'"
