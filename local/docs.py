"""The pages of `docs/` that say what the catalogue and the settings say: generated from them, never edited by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from local.setup import ROOT
from shared.catalogue import Catalogue, Report, catalogue
from shared.settings import SETTINGS

_REPORTS = """\
# Reports

The {count} reports of Microsoft Graph that the archive knows, family by family, and the question that each answers.
This page is generated from `shared/catalogue.json` by `python3 -m local docs`: edit the catalogue, not the page.

| Column | What it says |
|---|---|
| Kind | `counts` has a row for every day, `summary` counts the whole period only, \
`detail` has a row for every person, site, group or team |
| A row per | what one row of the file stands for |
| Personal | rows are about a person, site, group or team: archived apart, and pulled only if `REPORTS` asks for it |
| Periods | what a call may name, as in `getEmailActivityCounts(period='D7')`; none = the report takes no argument |
| Single days | how many days back a call may name one day, as in `getEmailActivityUserDetail(date=2026-11-18)` |
| Graph | the versions of Graph that have the report: in the global cloud; then in those of the US Government, \
the US Department of Defense (DoD) and China |

*Retired*: the service behind the report is gone; what is archived is served, and nothing is pulled. *Delegated only*:
Graph answers the report to signed-in people but not to an app, so it cannot be pulled.

## What can never be had later

Graph keeps no past of these {lost_count} reports: their files have no column `Report Date`, and no call can name a day.
A refresh date that nobody pulled is lost for good. The days of every other report that is pulled can be filled in
afterwards, as far back as Graph reaches: 180 days where a file has daily rows, else as many single days as the tables
below say.

{lost}
"""

_SETTINGS = """\
# Settings

Every app setting that the app reads. This page is generated from `shared/settings.py` by `python3 -m local docs`.

In Azure, set them among the app settings of the function app (in the portal: Settings, Environment variables).
For the Functions host on your own machine, copy `local.settings.sample.json` to `local.settings.json` and edit that.

"""

_CLOUDS = {"usgov": "US Government", "dod": "DoD", "china": "China"}


def documents() -> dict[str, str]:
    """The text of every generated page, by its path in the project."""
    return {"docs/reports.md": _reports_page(catalogue()), "docs/settings.md": _settings_page()}


def write() -> list[Path]:
    """Write the pages where they belong; the answer is their paths."""
    written = []
    for name, text in documents().items():
        path = ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        written.append(path)
    return written


def _reports_page(reports: Catalogue) -> str:
    families: dict[str, list[Report]] = {}
    for report in reports.reports.values():
        families.setdefault(report.family, []).append(report)
    lost = [report.name for report in reports.reports.values() if report.live and _without_past(report)]
    intro = _REPORTS.format(
        count=len(reports.reports), lost_count=len(lost), lost="\n".join(f"- `{name}`" for name in lost)
    )
    return "\n".join([intro, *(_family(name, families[name]) for name in sorted(families, key=str.lower))])


def _without_past(report: Report) -> bool:
    """Whether neither the file nor the call can name a day."""
    return report.date_window_days is None and all("Report Date" not in header for header in report.columns.values())


def _family(name: str, reports: Iterable[Report]) -> str:
    head = ("Report", "Question", "Kind", "A row per", "Personal", "Periods", "Single days", "Graph")
    return f"## {name}\n\n{_table(head, map(_cells, reports))}"


def _cells(report: Report) -> tuple[str, ...]:
    state = " (retired)" if report.retired else " (delegated only)" if report.delegated_only else ""
    return (
        f"`{report.name}`{state}",
        report.question,
        report.kind,
        report.grain.removeprefix("one row per "),
        "yes" if report.personal_data else "no",
        _periods(report),
        str(report.date_window_days or "no"),
        _graph(report),
    )


def _periods(report: Report) -> str:
    text = ", ".join(report.periods) or "none"
    return f"{text}; `version='v2'`: {', '.join(report.version_2.periods)}" if report.version_2 else text


def _graph(report: Report) -> str:
    """`v1.0, beta; US Government, DoD, China: beta`: clouds with the same versions stand together."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for cloud, title in _CLOUDS.items():
        if versions := report.clouds[cloud]:
            alike.setdefault(versions, []).append(title)
    national = [f"{', '.join(titles)}: {', '.join(versions)}" for versions, titles in alike.items()]
    return "; ".join([", ".join(report.clouds["global"]), *national])


def _settings_page() -> str:
    rows = [(f"`{setting.name}`", _default(setting.default), setting.meaning) for setting in SETTINGS]
    return _SETTINGS + _table(("Setting", "Default", "Meaning"), rows)


def _default(default: str | None) -> str:
    if default is None:
        return "none: must be set"
    return f"`{default}`" if default else "empty"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
