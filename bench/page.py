"""Pages of the documentation of which a script writes a part, between two comments."""

from __future__ import annotations

END = "<!-- until here -->"


def written(page: str, script: str, text: str) -> str:
    """The page with that text in the part of that script."""
    begin = f"<!-- {script} writes this -->"
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(END)
    return f"{before}{begin}\n\n{text}\n\n{END}{after}"
