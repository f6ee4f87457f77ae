"""How many people the simulated tenant has: a fact about the archive that it filled."""

from __future__ import annotations

from pathlib import Path

USERS = 250


class OtherTenant(Exception):
    """The archive is of a tenant of another size; all its numbers would seem to be corrected."""


def people(folder: Path, asked: int | None) -> int:
    """As many as before, or as asked for the first time. Raises OtherTenant if they differ."""
    file = folder / "users"
    before = int(file.read_text("utf-8")) if file.exists() else None
    if before and asked not in (None, before):
        raise OtherTenant(f"The archive in {folder} is of a tenant of {before} people. Add --fresh to begin anew.")
    users = before or asked or USERS
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(str(users), "utf-8")
    return users
