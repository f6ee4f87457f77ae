"""The pages of the report as PBIR: https://learn.microsoft.com/power-bi/developer/projects/projects-report

`pages.toml` says what stands where; everything else in `powerbi/` is edited where it is. Schemas and visuals are those
of the middle of 2025, so that Power BI Desktop from then on opens them.
"""

from __future__ import annotations

import json
import re
import tomllib
import uuid
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1]
PAGES = "Usage.Report/definition/pages"

_SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric/item/report/definition"
_NAMESPACE = uuid.UUID("6f6d1c1a-54f7-5f3c-9a43-3f4c1a3c0d5e")
_FONT = "Segoe UI"
_WIDTH, _HEIGHT, _GAP = 1280, 720, 16
_MEASURE = re.compile(r"^\tmeasure (?:'(.+?)'|(\w+)) =", re.MULTILINE)


def write(folder: Path = FOLDER) -> list[Path]:
    """Write the pages, remove those and the visuals that are no more, and return the files written."""
    written = {folder / name: text for name, text in documents().items()}
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    for path in stale(folder):
        path.unlink()
        for parent in path.parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()
    return list(written)


def stale(folder: Path) -> list[Path]:
    """Return the files there that were made from a page or visual that is no more."""
    expected = documents()
    files = [path for path in (folder / PAGES).rglob("*") if path.is_file()]
    return [path for path in files if path.relative_to(folder).as_posix() not in expected]


def documents() -> dict[str, str]:
    """Return the text of every file, by its path in `powerbi/`."""
    pages = tomllib.loads(Path(__file__).with_name("pages.toml").read_text("utf-8"))["page"]
    ids = [identifier("page", page["name"]) for page in pages]
    files = {"pages.json": _document("pagesMetadata/1.0.0", pageOrder=ids, activePageName=ids[0])}
    for page, page_id in zip(pages, ids, strict=True):
        files[f"{page_id}/page.json"] = _page(page, page_id)
        for order, visual in enumerate([*_head(page), *page["visual"]]):
            visual_id = identifier("visual", page["name"], visual["kind"], visual["title"])
            files[f"{page_id}/visuals/{visual_id}/visual.json"] = _document(
                "visualContainer/2.0.0",
                name=visual_id,
                position=_position(visual["place"], order * 1000),
                visual=_visual(visual),
            )
    return {f"{PAGES}/{name}": json.dumps(file, indent=2, ensure_ascii=False) + "\n" for name, file in files.items()}


def identifier(*names: str) -> str:
    """Return 20 hexadecimal digits, as Power BI Desktop names pages and visuals: always the same for the same names."""
    return uuid.uuid5(_NAMESPACE, "/".join(names)).hex[:20]


def _document(schema: str, **content: Any) -> dict[str, Any]:
    return {"$schema": f"{_SCHEMAS}/{schema}/schema.json", **content}


def _page(page: dict[str, Any], page_id: str) -> dict[str, Any]:
    """Return a page; one with `use` is opened from others: by drilling through a field, or as a tooltip."""
    width, height = page.get("size", [_WIDTH, _HEIGHT])
    content = _document("page/2.0.0", name=page_id, displayName=page["name"], displayOption="FitToPage")
    content |= {"height": height, "width": width}
    if use := page.get("use"):
        content |= {"type": use, "visibility": "HiddenInViewMode"}
        binding = {"name": identifier("binding", page["name"]), "type": use}
        if field := page.get("field"):
            name = identifier("filter", page["name"])
            parameter = {"name": f"Param_{name}", "boundFilter": name, "fieldExpr": _field(field)}
            binding["parameters"] = [parameter]
            drilled = {"name": name, "field": _field(field), "type": "Categorical", "howCreated": "Drillthrough"}
            content["filterConfig"] = {"filters": [drilled]}
        content["pageBinding"] = binding
    return content


def _head(page: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the first row of a page: slicers, of which the first is the dates and wider, then cards of one width.

    A page that is drilled to has the way back in their place.
    """
    slicers, cards = page.get("slicers", []), page.get("cards", [])
    fields = [*(("slicer", field) for field in slicers), *(("card", field) for field in cards)]
    widths = [256, *[160] * (len(slicers) - 1)][: len(slicers)]
    back = page.get("use") == "Drillthrough"
    if back:
        fields, widths = [("actionButton", "Back"), *fields], [96]
    if cards:
        widths += [(_WIDTH - _GAP - sum(widths) - _GAP * len(fields)) // len(cards)] * len(cards)
    lefts = [_GAP + sum(widths[:index]) + _GAP * index for index in range(len(widths))]
    return [
        {"kind": kind, "title": "Back", "place": [left, _GAP, width, 104]}
        if kind == "actionButton"
        else {"kind": kind, "title": _parts(field)[1], "place": [left, _GAP, width, 104], "fields": {"Values": [field]}}
        for (kind, field), left, width in zip(fields, lefts, widths, strict=True)
    ]


def _position(place: list[int], order: int) -> dict[str, int]:
    left, top, width, height = place
    return {"x": left, "y": top, "z": order, "height": height, "width": width, "tabOrder": order}


def _visual(visual: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {"visualType": visual["kind"]}
    if fields := visual.get("fields"):
        content["query"] = {"queryState": {role: _projections(role, names) for role, names in fields.items()}}
    if sort := visual.get("sort"):
        content["query"]["sortDefinition"] = {"sort": [{"field": _field(sort[0]), "direction": sort[1]}]}
    if objects := _objects(visual):
        content["objects"] = objects
    content["visualContainerObjects"] = _container(visual)
    content["drillFilterOtherVisuals"] = True
    return content


def _projections(role: str, fields: list[str]) -> dict[str, Any]:
    active = {"active": True} if role == "Category" else {}
    return {
        "projections": [
            {"field": _field(field), "queryRef": ".".join(_parts(field)), "nativeQueryRef": _parts(field)[1], **active}
            for field in fields
        ]
    }


def _parts(field: str) -> tuple[str, str]:
    """Return the table and the name of `[Measure]` or `Table[Column]`."""
    table, _, name = field.rstrip("]").partition("[")
    return table or _measures()[name], name


def _field(field: str) -> dict[str, Any]:
    table, name = _parts(field)
    kind = "Measure" if field.startswith("[") else "Column"
    return {kind: {"Expression": {"SourceRef": {"Entity": table}}, "Property": name}}


@cache
def _measures() -> dict[str, str]:
    """Return the table of each measure of the model."""
    tables = (FOLDER / "Usage.SemanticModel/definition/tables").glob("*.tmdl")
    return {
        quoted or plain: table.stem for table in tables for quoted, plain in _MEASURE.findall(table.read_text("utf-8"))
    }


def _objects(visual: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a kind of visual that differ from the theme's."""
    match visual["kind"]:
        case "textbox":
            return {"general": [{"properties": {"paragraphs": _paragraphs([visual["title"], *visual["text"]])}}]}
        case "card":
            labels = {"labels": _properties(fontSize="20D"), "categoryLabels": _properties(show="false")}
            return {**labels, "wordWrap": _properties(show="true")}
        case "slicer" if visual["title"] != "Date":
            return {"data": _properties(mode="'Dropdown'")}
        case "actionButton":
            return {"icon": _properties(shapeType="'back'")}
        case "tableEx":
            return {"total": _properties(totals="false")}
    return {}


def _paragraphs(text: list[str]) -> list[dict[str, Any]]:
    """Return a heading and paragraphs."""
    sizes = ["20pt", *["11pt"] * (len(text) - 1)]
    return [
        {"textRuns": [{"value": value, "textStyle": {"fontFamily": _FONT, "fontSize": size}}]}
        for value, size in zip(text, sizes, strict=True)
    ]


def _container(visual: dict[str, Any]) -> dict[str, Any]:
    """Return the title for screen readers, which is seen too, but on text boxes and slicers: they show their own."""
    text = "'" + visual["title"].replace("'", "''") + "'"
    shown = visual["kind"] not in ("textbox", "slicer", "actionButton")
    title = _properties(show="true", text=text) if shown else _properties(show="false")
    content = {"title": title, "general": _properties(altText=text)}
    if visual["kind"] == "actionButton":
        content["visualLink"] = _properties(show="true", type="'Back'")
    if page := visual.get("tooltip"):
        content["visualTooltip"] = _properties(type="'Canvas'", section=f"'{identifier('page', page)}'")
    return content


def _properties(**values: str) -> list[dict[str, Any]]:
    return [{"properties": {name: {"expr": {"Literal": {"Value": value}}} for name, value in values.items()}}]
