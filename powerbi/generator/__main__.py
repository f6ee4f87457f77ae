"""Writes the pages of the report into `powerbi/`, and the template of the project."""

from powerbi.generator import template
from powerbi.generator.pages import FOLDER, write

print(f"{len(write())} files in {FOLDER}, and {template.write(FOLDER).name}")
