"""What stands around the templates: azd's files, the scripts, the documentation; and the app, started as deployed."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pathspec
import pytest
import tree_sitter
import tree_sitter_powershell

from local.stack import Stack
from shared.domain.catalogue import catalogue
from shared.domain.outcome import Outcome
from tests.unit.infra.template import INFRA, ROOT, Infra, stored

MAIN = stored("main")
GIVEN = {
    name: re.fullmatch(r"\$\{(\w+)(?:=(.*))?\}", entry["value"]).groups()  # type: ignore[union-attr]
    for name, entry in json.loads((INFRA / "main.parameters.json").read_text("utf-8"))["parameters"].items()
}
"""The variable of azd and the default of each parameter."""
PAGE = (ROOT / "docs" / "deploy.md").read_text("utf-8")
PRINCIPAL = "99999999-8888-7777-6666-555555555555"


# -- azd ---------------------------------------------------------------------------------------------------------------


def test_azd_hands_over_every_parameter_with_its_default() -> None:
    parameters = MAIN["parameters"]
    assert list(GIVEN) == list(parameters)
    for name, (_, default) in GIVEN.items():
        declared = parameters[name].get("defaultValue")
        assert default == (declared if isinstance(declared, str | None) else json.dumps(declared))


def test_the_hook_uses_outputs_that_there_are() -> None:
    hook = (ROOT / "azure.yaml").read_text("utf-8")
    used = set(re.findall(r"\$(?:env:)?([A-Z_]{4,})", hook))
    assert used == {"IDENTITY_PRINCIPAL_ID", "GRAPH_ENDPOINT", "GRAPH_PERMISSIONS"}
    assert used <= MAIN["outputs"].keys()
    for script in re.findall(r"infra/[\w.-]+", hook.partition("hooks:")[2]):
        assert (ROOT / script).is_file()
    before, _, after = hook.partition("preprovision:")[2].partition("postprovision:")
    assert after.count("continueOnError: true") == after.count("run:") == 4
    assert (before.count("continueOnError"), before.count("run:")) == (0, 2)


def test_the_job_that_deploys_is_signed_in_to_both_tools_before_a_hook_asks() -> None:
    job = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8").partition("\n  deploy:")[2]
    assert (
        sorted(("azd auth login", "az login", "az account set", "azd provision"), key=job.index)[-1] == "azd provision"
    )


def test_only_the_app_is_deployed() -> None:
    ignored = pathspec.PathSpec.from_lines("gitignore", (ROOT / ".funcignore").read_text("utf-8").splitlines())
    entries = [f"{path.name}/" if path.is_dir() else path.name for path in ROOT.iterdir()]
    left = {entry for entry in entries if not ignored.match_file(entry)}
    assert left == {"function_app.py", "host.json", "requirements.txt", "shared/"}
    for unwanted in ("local.settings.json", ".local/keys.json", ".venv/bin/python", "shared/__pycache__/app.pyc"):
        assert ignored.match_file(unwanted)


# -- the script for the administrator ----------------------------------------------------------------------------------


def grant(tmp_path: Path, az: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script where `az` is this program, or where there is none; what it was asked is kept in `asked`."""
    for tool in ("cat", "sh"):
        (tmp_path / tool).symlink_to(f"/bin/{tool}")
    if az is not None:
        program = tmp_path / "az"
        program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n{az}\n', "utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    script = [str(tmp_path / "sh"), str(INFRA / "grant-graph-permissions.sh"), *arguments]
    return subprocess.run(script, capture_output=True, text=True, env={"PATH": str(tmp_path)})


ANSWERS = """
case "$*" in
*"--method post"*) {post} ;;
*"--query id"*) echo GRAPH ;;
*) echo ROLE ;;
esac
"""


@pytest.mark.parametrize(
    "post",
    [
        pytest.param("echo '{}'", id="granted"),
        pytest.param("echo 'Permission being assigned already exists on the object'; exit 1", id="granted before"),
    ],
)
def test_the_script_grants_reports_and_is_safe_to_repeat(tmp_path: Path, post: str) -> None:
    done = grant(tmp_path, ANSWERS.format(post=post), PRINCIPAL, "https://graph.microsoft.us")
    assert (done.returncode, done.stdout) == (0, "The app has Reports.Read.All.\n")
    service, role, assignment = asked(tmp_path)
    assert "servicePrincipals(appId='00000003-0000-0000-c000-000000000000')" in service
    assert "Reports.Read.All" in role
    assert f"--url https://graph.microsoft.us/v1.0/servicePrincipals/{PRINCIPAL}/appRoleAssignments" in assignment
    body = json.loads(assignment.partition("--body ")[2])
    assert body == {"principalId": PRINCIPAL, "resourceId": "GRAPH", "appRoleId": "ROLE"}


def test_the_script_grants_each_permission_that_is_named(tmp_path: Path) -> None:
    names = ("Reports.Read.All", "User.Read.All")
    done = grant(tmp_path, ANSWERS.format(post="echo '{}'"), PRINCIPAL, "", *names)
    assert (done.returncode, done.stdout) == (0, "".join(f"The app has {name}.\n" for name in names))
    _, *roles_and_posts = asked(tmp_path)
    assert [name in line for name, line in zip(names, roles_and_posts[::2], strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("az", "reason"),
    [
        pytest.param(None, "not installed", id="no az"),
        pytest.param("echo 'Please run az login'; exit 1", "Please run az login", id="not signed in"),
        pytest.param(
            ANSWERS.format(post="echo 'Forbidden: Insufficient privileges'; exit 1"),
            "Insufficient privileges",
            id="not allowed to",
        ),
        pytest.param("true", "the tenant has none", id="no service principal of Graph"),
        pytest.param('case "$*" in *"--query id"*) echo GRAPH ;; esac', "is none of them", id="no such permission"),
    ],
)
def test_who_may_not_grant_is_told_what_to_ask_for_and_of_whom(tmp_path: Path, az: str | None, reason: str) -> None:
    done = grant(tmp_path, az, PRINCIPAL)
    assert (done.returncode, done.stdout) == (1, "")
    for needed in (
        reason,
        "Privileged Role Administrator",
        f"grant-graph-permissions.sh {PRINCIPAL} https://",
        "Reports.Read.All",
    ):
        assert needed in done.stderr


@pytest.mark.parametrize(
    ("given", "used"),
    [("", "https://graph.microsoft.com"), ("https://graph.microsoft.us/", "https://graph.microsoft.us")],
)
def test_an_endpoint_may_be_empty_or_end_in_a_slash(tmp_path: Path, given: str, used: str) -> None:
    assert grant(tmp_path, ANSWERS.format(post="echo '{}'"), PRINCIPAL, given).returncode == 0
    assert all(f"--url {used}/v1.0/servicePrincipals" in line for line in asked(tmp_path))


def asked(tmp_path: Path) -> list[str]:
    return (tmp_path / "asked").read_text("utf-8").splitlines()


@pytest.mark.parametrize("arguments", [(), ("",)])
def test_the_script_says_how_it_is_used(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = grant(tmp_path, "echo", *arguments)
    assert (done.returncode, done.stderr.startswith("usage: ")) == (2, True)


def test_the_script_for_windows_does_the_same() -> None:
    """There is no PowerShell where the tests are run: it is parsed, and compared."""
    shell, windows = ((INFRA / f"grant-graph-permissions.{kind}").read_text("utf-8") for kind in ("sh", "ps1"))
    language = tree_sitter.Language(tree_sitter_powershell.language())
    assert not tree_sitter.Parser(language).parse(windows.encode()).root_node.has_error
    options = re.compile(r"--(?:method|output|headers|resource|only-show-errors)\b(?: [\w=/-]+)?|v1\.0/[\w('=-]+")
    assert set(options.findall(shell)) == set(options.findall(windows))
    for words in (
        "exit 1",
        "exit 2",
        "already exists",
        "is not installed here",
        "cannot be read",
        "could not be granted",
    ):
        assert words in shell
        assert words in windows
    assert "Mg" not in windows  # the modules of Microsoft.Graph, which had errors of their own


# -- the documentation -------------------------------------------------------------------------------------------------


def test_every_parameter_has_its_line_with_azds_name_and_default() -> None:
    lines = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\S.*?) \|", PAGE, re.MULTILINE)
    documented = {name: (variable, default.strip("`")) for name, variable, default in lines}
    assert list(documented) == list(GIVEN)
    for name, (variable, default) in GIVEN.items():
        assert documented[name] == (variable, "none" if default is None else default or "empty")


def test_every_role_of_the_app_has_its_line() -> None:
    for role in (
        *(report.permission for report in catalogue().reports.values()),
        "AuditLog.Read.All",
        "Storage Blob Data Owner",
        "Storage Blob Data Contributor",
        "Monitoring Metrics Publisher",
    ):
        assert f"| the app | {role} |" in PAGE


def test_the_page_speaks_of_things_that_there_are() -> None:
    for path in re.findall(r"infra/[\w.-]+\w", PAGE):
        assert (ROOT / path).exists(), path
    for outcome in re.findall(r"`pull\.(\w+)`", PAGE):
        assert outcome in set(Outcome)
    for name in re.findall(r"get-value (\w+)", PAGE):
        assert name in MAIN["outputs"]


# -- the app -----------------------------------------------------------------------------------------------------------

AS_DEPLOYED = """
import requests
from pathlib import Path
from local.functions_host.host import FunctionsHost
with FunctionsHost(Path.cwd()) as host:
    host.run_timer("pull")
    url = f"{host.url}/api/v1.0/reports/getOffice365ServicesUserCounts(period='D7')"
    print(*sorted(host.functions))
    print(requests.get(url, params={"code": host.keys["reports"]}, timeout=30).text.splitlines()[0])
"""


def test_the_app_starts_pulls_and_serves_with_the_settings_of_the_template() -> None:
    """The same names; the values that only Azure can give are those of this machine."""
    deployed = Infra().default.settings | {"REPORTS": "getOffice365ServicesUserCounts(period='D7')"}
    with Stack(users=5) as stack:
        only_there = {name for name, value in deployed.items() if value.startswith("[")} | {"DOWNLOAD_HOSTS"}
        here = {name: stack.settings.get(name, "") for name in only_there}
        platform = {name: stack.settings[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "ARCHIVE_CA")}
        done = subprocess.run(
            [sys.executable, "-c", AS_DEPLOYED],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **deployed, **here, **platform},
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    functions, header = done.stdout.splitlines()
    assert {"pull", "reports", "personal_reports"} <= set(functions.split())
    assert header.removeprefix("\ufeff").startswith("Report Refresh Date,")
