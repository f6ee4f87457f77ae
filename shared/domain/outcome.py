"""The words for what became of a pull and what a reader should know of a snapshot. Pure."""

from __future__ import annotations

from enum import StrEnum


class Flag(StrEnum):
    """What a reader of a snapshot's numbers should know."""

    SCHEMA = "schema_changed"
    """The columns are not those of the snapshot before: some came, went, moved, have another name or no values left."""
    NAMES = "names_changed"
    """Names are concealed that were not so in the snapshot before, or the other way round."""
    SHRUNK = "shrunk"
    """It has fewer than 70 % of the rows of the snapshot before, and came twice like that."""
    RAGGED = "ragged"
    """Some rows have more or fewer fields than the header."""
    REPEATED = "repeated_rows"
    """Some rows, or some sites, stand in it more than once."""
    REORDERED = "reordered"
    """An earlier revision of the same day has the same values in another order."""
