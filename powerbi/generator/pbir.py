"""The report as PBIR: https://learn.microsoft.com/power-bi/developer/projects/projects-report

Schemas and visuals are those of the middle of 2025, so that Power BI Desktop from then on opens it.
"""

from __future__ import annotations

from typing import Any

from powerbi.generator.ids import short
from powerbi.generator.pages import PAGES, Field, Page, Visual
from powerbi.generator.tmdl import MODEL, dump, platform

REPORT = "Usage.Report"

_SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric"
_DEFINITION = f"{_SCHEMAS}/item/report/definition"
_THEME = "CY24SU10"
"""The base theme of Power BI Desktop of October 2024, beside this as a file."""
_FONT = "Segoe UI"


def documents() -> dict[str, str]:
    """The files of the report, and the one that opens it, by path."""
    files: dict[str, Any] = {
        "definition.pbir": {
            "$schema": f"{_SCHEMAS}/item/report/definitionProperties/1.0.0/schema.json",
            "version": "4.0",
            "datasetReference": {"byPath": {"path": f"../{MODEL}"}},
        },
        "definition/version.json": {"$schema": f"{_DEFINITION}/versionMetadata/1.0.0/schema.json", "version": "2.0.0"},
        "definition/report.json": _report(),
        "definition/pages/pages.json": {
            "$schema": f"{_DEFINITION}/pagesMetadata/1.0.0/schema.json",
            "pageOrder": [_id(page) for page in PAGES],
            "activePageName": _id(PAGES[0]),
        },
    }
    for page in PAGES:
        folder = f"definition/pages/{_id(page)}"
        files[f"{folder}/page.json"] = _page(page)
        for order, visual in enumerate(page.visuals):
            content = _visual(page, visual, order)
            files[f"{folder}/visuals/{content['name']}/visual.json"] = content
    return {
        "Usage.pbip": dump(
            {
                "$schema": f"{_SCHEMAS}/pbip/pbipProperties/1.0.0/schema.json",
                "version": "1.0",
                "artifacts": [{"report": {"path": REPORT}}],
                "settings": {"enableAutoRecovery": True},
            }
        ),
        f"{REPORT}/.platform": platform("Report"),
        **{f"{REPORT}/{name}": dump(content) for name, content in files.items()},
    }


def _id(page: Page) -> str:
    return short("page", page.name)


def _report() -> dict[str, Any]:
    theme = {"name": _THEME, "path": f"BaseThemes/{_THEME}.json", "type": "BaseTheme"}
    return {
        "$schema": f"{_DEFINITION}/report/2.0.0/schema.json",
        "themeCollection": {"baseTheme": {"name": _THEME, "reportVersionAtImport": "5.61", "type": "SharedResources"}},
        "resourcePackages": [{"name": "SharedResources", "type": "SharedResources", "items": [theme]}],
        "settings": {
            "useStylableVisualContainerHeader": True,
            "defaultDrillFilterOtherVisuals": True,
            "useEnhancedTooltips": True,
        },
    }


def _page(page: Page) -> dict[str, Any]:
    return {
        "$schema": f"{_DEFINITION}/page/2.0.0/schema.json",
        "name": _id(page),
        "displayName": page.name,
        "displayOption": "FitToPage",
        "height": 720,
        "width": 1280,
    }


def _visual(page: Page, visual: Visual, order: int) -> dict[str, Any]:
    left, top, width, height = visual.place
    place = {"x": left, "y": top, "z": order * 1000, "height": height, "width": width, "tabOrder": order * 1000}
    inside: dict[str, Any] = {"visualType": visual.kind}
    if visual.fields:
        inside["query"] = _query(visual)
    if objects := _objects(visual):
        inside["objects"] = objects
    inside["visualContainerObjects"] = _container(visual)
    inside["drillFilterOtherVisuals"] = True
    return {
        "$schema": f"{_DEFINITION}/visualContainer/2.0.0/schema.json",
        "name": short("visual", page.name, visual.kind, visual.title),
        "position": place,
        "visual": inside,
    }


def _query(visual: Visual) -> dict[str, Any]:
    state = {role: {"projections": [_projection(role, field) for field in of]} for role, of in visual.fields.items()}
    if not visual.sort:
        return {"queryState": state}
    field, direction = visual.sort
    return {"queryState": state, "sortDefinition": {"sort": [{"field": _field(field), "direction": direction}]}}


def _projection(role: str, field: Field) -> dict[str, Any]:
    projection = {"field": _field(field), "queryRef": field.reference, "nativeQueryRef": field.name}
    return projection | ({"active": True} if role == "Category" else {})


def _field(field: Field) -> dict[str, Any]:
    kind = "Measure" if field.measure else "Column"
    return {kind: {"Expression": {"SourceRef": {"Entity": field.table}}, "Property": field.name}}


def _objects(visual: Visual) -> dict[str, Any]:
    """The settings of a kind of visual that differ from the theme's."""
    if visual.kind == "textbox":
        return {"general": [{"properties": {"paragraphs": _paragraphs(visual.text)}}]}
    if visual.kind == "card":
        return {
            "labels": _properties(fontSize="20D"),
            "categoryLabels": _properties(show="false"),
            "wordWrap": _properties(show="true"),
        }
    if visual.kind == "slicer" and visual.title != "Date":
        return {"data": _properties(mode="'Dropdown'")}
    if visual.kind == "tableEx":
        return {"total": _properties(totals="false")}
    return {}


def _paragraphs(text: tuple[str, ...]) -> list[dict[str, Any]]:
    sizes = ["20pt", *["11pt"] * (len(text) - 1)]
    return [
        {"textRuns": [{"value": value, "textStyle": {"fontFamily": _FONT, "fontSize": size}}]}
        for value, size in zip(text, sizes, strict=True)
    ]


def _container(visual: Visual) -> dict[str, Any]:
    """A title that is seen, but for text boxes and slicers, which show their own; and one for screen readers."""
    shown = visual.kind not in ("textbox", "slicer")
    title = _properties(show="true", text=_literal(visual.title)) if shown else _properties(show="false")
    return {"title": title, "general": _properties(altText=_literal(visual.title))}


def _properties(**values: str) -> list[dict[str, Any]]:
    return [{"properties": {name: {"expr": {"Literal": {"Value": value}}} for name, value in values.items()}}]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
