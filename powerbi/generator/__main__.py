"""Writes the pages of the report into `powerbi/`."""

from powerbi.generator.pages import FOLDER, write

print(f"{len(write())} files in {FOLDER}")
