"""The Power BI project in `powerbi/`: a semantic model (TMDL), a report (PBIR) and queries to paste (.pq).

All of it is written from the tables in `tables.py`, the pages in `pages.py` and the Power Query code in `mashup.py`:
edit those, not what is written. Ids are made from names, so they never change by themselves.
"""

from __future__ import annotations

from pathlib import Path

from local.setup import ROOT
from powerbi.generator import mashup, pbir, tmdl

FOLDER = ROOT / "powerbi"


def documents() -> dict[str, str]:
    """The text of every file, by its path in `powerbi/`."""
    queries = {f"queries/{name}.pq": text for name, text in mashup.queries().items()}
    return {**tmdl.documents(), **pbir.documents(), **queries}


def write(folder: Path = FOLDER) -> list[Path]:
    """Write the files, and remove pages and visuals that are no more; the answer is what was written."""
    written = []
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        written.append(path)
    for path in stale(folder):
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return written


def stale(folder: Path) -> list[Path]:
    """Files there that were written once and are not written any more."""
    written = documents()
    found = [*folder.glob("Usage.*/definition/**/*.*"), *folder.glob("queries/*.pq")]
    return [path for path in found if path.is_file() and path.relative_to(folder).as_posix() not in written]
