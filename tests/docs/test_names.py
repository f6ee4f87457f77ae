"""Names of settings, files and modules on the pages are those that there are."""

import re
import subprocess

import pytest

from local.parsers import KEY
from shared.domain.catalogue import catalogue
from shared.settings import SETTINGS
from tests.docs.pages import ROOT, pages

LOCAL_FILES = {"local.settings.json"}
"""Written on each machine, and never committed."""
HOST = {"FUNCTIONS_WORKER_RUNTIME", "IDENTITY_ENDPOINT", "IDENTITY_HEADER"}
OF_TESTS = {"USAGE_ARCHIVE_BROWSER", "USAGE_ARCHIVE_SCREENSHOTS"}
PLACEHOLDERS = {"PERSONAL_KEY", "ARCHIVE_ACCOUNT", "CLIENT_ID", "SITE_ID", "SPE_E5", KEY}

every_page = pytest.mark.parametrize("name", pages())


def files() -> set[str]:
    """All of the project, those that nobody committed yet among them."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        return set(subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())
    return {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if ".local" not in path.parts}


FILES = files()
FOLDERS = {parent.as_posix() for file in FILES for parent in (ROOT / file).relative_to(ROOT).parents}
TOP = {file.partition("/")[0] for file in FILES if "/" in file}
SETTABLE = set(re.findall(r"\$\{(\w+)", (ROOT / "infra" / "main.parameters.json").read_text("utf-8")))
PUT_OUT = set(re.findall(r"^output (\w+)", (ROOT / "infra" / "main.bicep").read_text("utf-8"), re.MULTILINE))


@every_page
def test_every_file_that_is_named_is_there(name: str) -> None:
    for span in pages()[name].spans:
        path = span.rstrip("/")
        if re.fullmatch(r"[\w./-]+/[\w./-]*", span) and path.split("/")[0] in TOP:
            assert path in FILES | FOLDERS | {path for path in FILES if path.rpartition(".")[0] == span}, span
        elif re.fullmatch(r"[\w.-]+\.(py|md|bicep|sh|ps1|in|lock|toml|yaml|txt|pq)", span) and span not in LOCAL_FILES:
            assert any(file == span or file.endswith(f"/{span}") for file in FILES), span


@every_page
def test_every_report_that_is_named_is_one(name: str) -> None:
    known = {*catalogue().names, *catalogue().not_archived, "getX", "getOrCreate"}
    for word in re.findall(r"\bget[A-Z][A-Za-z0-9]*\b(?!\.\.\.)", pages()[name].text):
        assert word in known


def test_every_page_that_the_code_names_is_there() -> None:
    code = [file for file in FILES if re.match(r"(shared|infra|powerbi|local)/.*\.(py|js|html|bicep|pq|json)$", file)]
    texts = {file: (ROOT / file).read_text("utf-8") for file in code if (ROOT / file).exists()}
    found = {page for text in texts.values() for page in re.findall(r"\bdocs/[\w-]+\.md", text)}
    assert found
    assert found <= pages().keys()


@every_page
def test_every_setting_that_is_named_is_one(name: str) -> None:
    known = {setting.name for setting in SETTINGS} | HOST | SETTABLE | PUT_OUT | OF_TESTS | PLACEHOLDERS
    for span in (span for span in pages()[name].spans if "/" not in span):
        for word in re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", span):
            assert word in known, span
