"""Every command on the pages is one that there is: those of Python are read by their own parsers, others are looked up.

What `az`, `azd` and `func` take is a list made by hand, from their documentation: it finds misspellings, and no more.
"""

import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pathspec
import pytest
import tree_sitter
import tree_sitter_powershell

from local.cli import COMMANDS
from shared.domain.catalogue import catalogue
from shared.domain.selection import select
from shared.settings import SETTINGS
from tests.docs.pages import ROOT, pages
from tests.unit.infra import kql

GROUP_AND_NAME = {"-g", "-n"}
BLOBS = {"--auth-mode", "--account-name"}
AZ = {
    "account get-access-token": {"--resource", "--query", "--output"},
    "deployment group create": {"--name", "-g", "--template-file", "--parameters"},
    "deployment sub create": {"--name", "--location", "--template-file", "--parameters"},
    "deployment sub show": {"--name", "--query"},
    "functionapp config appsettings set": {*GROUP_AND_NAME, "--settings"},
    "functionapp deployment source config-zip": {*GROUP_AND_NAME, "--src", "--build-remote"},
    "functionapp function keys delete": {*GROUP_AND_NAME, "--function-name", "--key-name"},
    "functionapp function keys list": {*GROUP_AND_NAME, "--function-name", "--query", "-o"},
    "functionapp function keys set": {*GROUP_AND_NAME, "--function-name", "--key-name"},
    "functionapp keys list": {*GROUP_AND_NAME, "--query", "-o"},
    "functionapp list-flexconsumption-locations": set(),
    "functionapp stop": GROUP_AND_NAME,
    "group delete": {"--name"},
    "lock delete": {"--name", "-g", "--resource-type", "--resource-name"},
    "login": set(),
    "provider register": {"-n"},
    "resource update": {"--ids", "--set"},
    "role assignment list": {"--all"},
    "storage account failover": {"-g", "--name"},
    "storage blob copy start": {*BLOBS, "--destination-container", "--destination-blob", "--source-uri"},
    "storage blob download": {*BLOBS, "-c", "-n", "-f"},
    "storage blob download-batch": {*BLOBS, "-s", "-d"},
    "storage blob list": {*BLOBS, "-c", "--prefix", "--include", "--num-results", "--query", "-o"},
    "storage blob undelete": set(),
    "storage blob upload": {*BLOBS, "-c", "-n", "-f", "--overwrite"},
    "storage container immutability-policy lock": set(),
    "storage container list": {*BLOBS, "--include-deleted", "--query", "-o"},
    "storage container restore": {*BLOBS, "--name", "--deleted-version"},
    "webapp auth update": {"--enabled"},
}
AZD = ("auth login", "config set", "deploy", "down", "env get-value", "env new", "env set", "provision", "up")
FUNC = ("azure functionapp publish", "start")


def commands(tool: str) -> Iterator[tuple[str, list[str]]]:
    """What follows that word, with the page on which it stands."""
    for page in pages().values():
        for command in page.commands():
            if command[:1] == [tool] and len(command) > 1:
                yield page.name, command[1:]


def split(command: list[str]) -> tuple[str, list[str]]:
    """The words before the first option, and the options."""
    first = next((number for number, word in enumerate(command) if word.startswith("-")), len(command))
    return " ".join(command[:first]), [word.partition("=")[0] for word in command[first:] if re.match("--?[a-z]", word)]


def parameters(template: str) -> set[str]:
    return set(re.findall(r"^param (\w+)", (ROOT / "infra" / template).read_text("utf-8"), re.MULTILINE))


def test_every_command_of_local_is_understood() -> None:
    found = [(page, command[2:]) for page, command in commands("python3") if command[:2] == ["-m", "local"]]
    assert {name for _, (name, *_) in found} == COMMANDS.keys()
    for page, (name, *arguments) in found:
        assert is_understood(COMMANDS[name].module, arguments), f"{page}: python3 -m local {name} {arguments}"


def test_every_other_module_that_a_command_runs_is_there_and_understands_it() -> None:
    found = [(page, command[1], command[2:]) for page, command in commands("python") if command[0] == "-m"]
    written = {
        *("bench.cost", "docs.generate", "docs.prose", "powerbi.generator", "tests.unit.infra.compiler"),
        *("tests.readers", "tests.reliability"),
    }
    assert {name for _, name, _ in found} == written
    for page, name, arguments in found:
        module = f"{name}.__main__" if (ROOT / name.replace(".", "/")).is_dir() else name
        assert find_spec(module), f"{page}: python -m {name}"
        assert name != "tests.reliability" or is_understood(module, arguments), f"{page}: {name} {arguments}"


def is_understood(module: str, arguments: list[str]) -> bool:
    try:
        import_module(module).parse(arguments)
    except SystemExit:
        return False
    return True


def test_every_command_of_az_is_known_with_its_options() -> None:
    used = set()
    for page, command in commands("az"):
        verb, options = split(command)
        assert verb in AZ, f"{page}: az {verb}"
        assert set(options) <= AZ[verb], f"{page}: az {' '.join(command)}"
        used.add(verb)
    assert used == AZ.keys()


POSIX = re.compile(
    r"\\\n|\$[({]|^ *(?:export|for|while|touch|sh) |\| *(?:sed|grep|head)|&&|^ *\(|^ *[A-Z]+=|^ *gunzip ", re.MULTILINE
)
"""What PowerShell does not understand."""
FOR_USERS = sorted(name for name in pages() if re.match(r"README|docs/(?!recipes)", name))
"""Recipes have a section for PowerShell."""


@pytest.mark.parametrize("name", FOR_USERS)
def test_what_powershell_does_not_understand_has_a_block_of_it_behind(name: str) -> None:
    page = pages()[name]
    blocks = [(found.end(), block) for found, block in page.placed_blocks()]
    for end, block in blocks:
        if block.language in ("", "sh") and any(page.commands_of(block)) and POSIX.search(block.code):
            behind = re.match(r"\s*```powershell\n(.*?)^```", page.text[end:], re.MULTILINE | re.DOTALL)
            assert behind, block.code
            assert in_either_shell(block.code) == in_either_shell(behind[1])


def in_either_shell(code: str) -> list[str]:
    """What runs a program of Azure, without where its output goes, and names of variables as PowerShell has them."""
    lines = re.sub(r"\\\n\s*", "", code).replace("${name}", "$name").splitlines()
    return [re.split(r" [|>] ", line)[0].strip() for line in lines if re.match(" *az(copy)? ", line)]


@pytest.mark.parametrize("name", sorted(pages()))
def test_powershell_on_a_page_parses(name: str) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    for block in pages()[name].blocks:
        if block.language == "powershell":
            assert not parser.parse(block.code.encode()).root_node.has_error, block.code


def test_the_first_page_says_what_windows_calls_python_and_curl() -> None:
    assert "On Windows, write `py` for `python3` and `curl.exe` for `curl`" in " ".join(
        pages()["README.md"].text.split()
    )


def test_a_deployment_names_parameters_of_the_template_that_it_deploys() -> None:
    found = [command for _, command in commands("az") if "--template-file" in command]
    assert len(found) == 2
    for command in found:
        template = command[command.index("--template-file") + 1].removeprefix("infra/")
        given = {word.partition("=")[0] for word in command[command.index("--parameters") + 1 :]}
        assert given <= parameters(template)


def in_scripts() -> dict[str, set[str]]:
    """The commands of `az` in the scripts of `infra/`, with their options."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "infra").glob("*.sh"):
        text = path.read_text("utf-8").replace("\\\n", " ")
        for verb, rest in re.findall(r"\b(?:az|ask) ((?:[a-z][a-z-]* )+)(--?[a-z].*)", text):
            found.setdefault(verb.strip(), set()).update(re.findall(r"(?:^| )(--?[a-z][a-z-]*)", rest))
    return found


@pytest.mark.long
@pytest.mark.parametrize("verb", [*AZ, *in_scripts()])
def test_the_azure_cli_itself_has_the_command_and_its_options(verb: str) -> None:
    if not shutil.which("az"):
        pytest.skip("there is no Azure CLI (pip install azure-cli)")
    done = subprocess.run(["az", *verb.split(), "--help"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    there = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", done.stdout))
    assert AZ.get(verb, set()) | in_scripts().get(verb, set()) <= there


def test_the_scripts_ask_what_they_are_known_to_ask() -> None:
    assert in_scripts().keys() == {
        "account get-access-token",
        "account show",
        "ad signed-in-user show",
        "deployment sub validate",
        "functionapp function keys list",
        "functionapp function keys set",
        "functionapp list-flexconsumption-locations",
        "functionapp list-flexconsumption-runtimes",
        "provider list",
        "rest",
        "role assignment list",
    }


def test_the_package_that_is_made_without_azd_is_the_app(tmp_path: Path) -> None:
    """It may hold what the app does without, and lacks nothing."""
    (command,) = (command for _, command in commands("git") if command[0] == "archive")
    package = tmp_path / "app.zip"
    command[command.index("--output") + 1] = str(package)
    subprocess.run(["git", *command], cwd=ROOT, check=True)
    packed = {name for name in zipfile.ZipFile(package).namelist() if not name.endswith("/")}
    ignored = pathspec.PathSpec.from_lines("gitignore", (ROOT / ".funcignore").read_text("utf-8").splitlines())
    listed = subprocess.run(["git", "ls-tree", "-r", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    deployed = {name for name in listed.stdout.splitlines() if not ignored.match_file(name)}
    assert deployed <= packed
    assert {
        name for name in packed - deployed if not name.startswith(("shared/erasure/", "shared/verification/"))
    } == set()


def test_every_command_of_azd_and_func_is_known() -> None:
    for tool, known in (("azd", AZD), ("func", FUNC)):
        for page, command in commands(tool):
            assert " ".join(command).startswith(known), f"{page}: {tool} {' '.join(command)}"


def test_azd_sets_what_the_template_reads_and_asks_for_what_it_puts_out() -> None:
    settable = re.findall(r"\$\{(\w+)", (ROOT / "infra" / "main.parameters.json").read_text("utf-8"))
    puts_out = re.findall(r"^output (\w+)", (ROOT / "infra" / "main.bicep").read_text("utf-8"), re.MULTILINE)
    for page, command in commands("azd"):
        if command[:2] == ["env", "set"] and command[2] != "NAME":
            assert command[2] in settable, page
        if command[:2] == ["env", "get-value"]:
            assert command[2] in puts_out, page


def test_every_setting_that_a_command_sets_is_one() -> None:
    host = re.compile(r"AzureWebJobs\.(pull|pull_now)\.Disabled")
    known = {setting.name for setting in SETTINGS}
    found = [word for _, command in commands("az") for word in command if re.fullmatch(r"[A-Z]\w*(\.\w+)*=.*", word)]
    assert found
    assert {name for word in found if not host.fullmatch(name := word.partition("=")[0])} <= known


def test_every_selection_of_reports_that_a_command_sets_selects_something() -> None:
    found = [command[3] for _, command in commands("azd") if command[:3] == ["env", "set", "REPORTS"]]
    assert found
    for text in found:
        assert select(text, catalogue()).calls


def test_every_script_that_a_command_runs_is_there() -> None:
    scripts = [command[0] for _, command in commands("sh")]
    assert scripts
    for script in scripts:
        assert (ROOT / script).is_file()


def test_the_query_for_the_log_finds_what_ended_badly() -> None:
    (block,) = (block for page in pages().values() for block in page.blocks if block.language == "kusto")
    now = datetime(2026, 11, 21, tzinfo=UTC)
    lines = [
        ("pull.refused", {"call": "a", "reason": "permission"}),
        ("pull.unchanged", {"call": "b"}),
        ("run.finished", {"run": "c"}),
    ]
    traces = [
        {"timestamp": now - timedelta(hours=1), "message": f"{name} {json.dumps(facts)}"} for name, facts in lines
    ]
    (row,) = kql.run(block.code, {"traces": traces}, now)
    assert (row["call"], row["outcome"], row["reason"]) == ("a", "refused", "permission")
