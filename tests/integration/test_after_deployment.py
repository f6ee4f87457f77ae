"""What is said after a deployment, by stand-ins of `az` and `curl` in each state of a new app."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.standins import prepared, run, sentence, when
from tests.roles import NAMES
from tests.unit.infra.template import ROOT, SETS, Infra, role_of, scope_of

URL = "https://func-usage-x.azurewebsites.net/api/dashboard"
GIVEN = {"AZURE_RESOURCE_GROUP": "rg-usage", "AZURE_FUNCTION_APP_NAME": "func-usage-x", "DASHBOARD_URL": URL}
OUTPUTS = GIVEN | {
    "IDENTITY_PRINCIPAL_ID": "P",
    "GRAPH_ENDPOINT": "https://graph.microsoft.com",
    "GRAPH_PERMISSIONS": "Reports.Read.All",
}
AZ_BEFORE = """\
case "$*" in
login | *"sub validate"*) exit ;;
*"account show"*) echo S; exit ;;
*"signed-in-user"*) echo ME; exit ;;
*"role assignment list --assignee ME"*) echo Owner; exit ;;
*"get-access-token"*) echo T; exit ;;
*"provider list"*) printf 'Microsoft.%s\\n' Web Storage ManagedIdentity Insights OperationalInsights; exit ;;
*"list-flexconsumption-locations"*) echo westeurope; exit ;;
*"list-flexconsumption-runtimes"*) echo 3.13; exit ;;
*"directoryRole"*) echo e8611ab8-c189-46e8-94e1-60213ab1f814; exit ;;
rest*) echo "{}"; exit ;;
esac
"""
"""What is asked before a deployment, and when permissions are granted."""
AZ = """\
case "$*" in
*"role assignment list --assignee-object-id P --all"*) cat "$KEYS/../roles" ;;
*"keys list"*"--query default"*) echo FUNCTIONKEY ;;
*"keys list"*) cat "$KEYS/${10}" 2>/dev/null ;;
*"keys set"*) echo "${10} ${14}" >>"$ASKED"; echo "${14}" >"$KEYS/${10}" ;;
esac
"""
"""Keeps the keys named dashboard: the tenth argument is the name of the function, the fourteenth the value."""
CURL = """\
case "$*" in
*"@-"*) cat >>"$ASKED"; echo " $*" >>"$ASKED" ;;
esac
case "$*" in
*"/pull"*) printf 202 ;;
*"/health"*) printf healthy ;;
*"/status"*) printf '{"permission": "granted"}' ;;
esac
"""
OF_REPORTS = "--function-name reports --query dashboard -o tsv"
FETCH = f"{URL}#key=$(az functionapp function keys list -g rg-usage -n func-usage-x {OF_REPORTS})"


def deployed(
    folder: Path, az: str = "", curl: str = "", environment: Mapping[str, str] | None = None, *, terminal: bool = False
) -> tuple[list[str], list[str]]:
    """Run the script with these stand-ins; return what it says, and what the stand-ins were asked."""
    (folder / "keys").mkdir(exist_ok=True)
    programs = {"az": f"{az}\n{AZ}", "curl": f"{curl}\n{CURL}", "sleep": "exit 0"}
    given = prepared(folder, programs) | GIVEN | {"KEYS": f"{folder}/keys"} | dict(environment or {})
    if terminal:
        ours, theirs = os.openpty()
        done = run("after-deployment.sh", given, stdout=theirs)
        os.close(theirs)
        os.close(ours)
    else:
        done = run("after-deployment.sh", given)
    assert done.returncode == 0
    asked = folder / "asked"
    return done.stderr.splitlines(), asked.read_text("utf-8").splitlines() if asked.exists() else []


def keys(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8").strip() for path in (folder / "keys").iterdir()}


def test_a_run_is_asked_for_and_the_dashboard_printed_with_its_key(tmp_path: Path) -> None:
    said, asked = deployed(tmp_path, terminal=True)
    (key,) = {*keys(tmp_path).values()}
    assert len(key) == 64
    assert said == [sentence(each) for each in ("keyed", "pulling", "healthy")] + [sentence("open", f"{URL}#key={key}")]
    assert any("FUNCTIONKEY" in line and line.endswith("/api/pull") for line in asked)


def test_where_there_is_no_terminal_the_key_is_not_printed(tmp_path: Path) -> None:
    said, _ = deployed(tmp_path)
    assert said[-1] == sentence("fetch_key", FETCH)
    assert not [line for line in said for key in keys(tmp_path).values() if key in line]


@pytest.mark.parametrize(
    ("reports", "functions"),
    [
        ("aggregates", {"reports", "status"}),
        ("aggregates, personal", {"reports", "status", "personal_reports"}),
        ("getOffice365ActiveUserDetail", {"reports", "status", "personal_reports"}),
    ],
)
def test_the_key_opens_what_the_page_needs_and_nothing_else(tmp_path: Path, reports: str, functions: set[str]) -> None:
    deployed(tmp_path, environment={"REPORTS": reports})
    assert keys(tmp_path).keys() == functions


def test_a_second_deployment_leaves_the_key_as_it_is(tmp_path: Path) -> None:
    deployed(tmp_path)
    first = keys(tmp_path)
    for each in (*tmp_path.glob("*"),):
        if each.is_symlink() or each.name == "asked":
            each.unlink()
    _, asked = deployed(tmp_path)
    assert keys(tmp_path) == first
    assert not [line for line in asked if line.startswith(("reports ", "status "))]


def test_a_key_that_was_renewed_for_the_reports_is_given_to_the_others_too(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "reports").write_text("renewed", "utf-8")
    (tmp_path / "keys" / "status").write_text("old", "utf-8")
    deployed(tmp_path)
    assert keys(tmp_path) == {"reports": "renewed", "status": "renewed"}


NO_PERMISSION = f"{when('/health', 'printf empty')}\n" + when("/status", """printf '{"permission": "missing"}'""")
STATES = {
    "the permission is not there yet": ("", NO_PERMISSION, "no_permission"),
    "the run takes long": ("", when("/health", "printf starting"), "waiting"),
    "the app does not answer": ("", when("/pull", "printf 503"), "no_pull"),
    "the key may not be set": (when("keys set", "exit 1"), "", "no_key"),
}


@pytest.mark.parametrize(
    ("az", "curl", "name"),
    [pytest.param(*it, id=each, marks=pytest.mark.long if "long" in each else ()) for each, it in STATES.items()],
)
def test_whatever_is_not_as_it_should_be_is_said(tmp_path: Path, az: str, curl: str, name: str) -> None:
    said, _ = deployed(tmp_path, az, curl)
    assert sentence(name, "rg-usage -n func-usage-x") in said
    assert said[-1] == sentence("fetch_key", FETCH)


def hosts_own(parameters: str) -> set[str]:
    """The roles of the app that it cannot tell to be missing: it does not start, or does not log."""
    found = [
        role_of(each)
        for each in Infra().deployed(parameters).all("Microsoft.Authorization/roleAssignments")
        if "/starch" not in scope_of(each)
    ]
    return {NAMES.get(each, "Monitoring Metrics Publisher") for each in found}


HOSTS_OWN = hosts_own("default")


@pytest.mark.parametrize("role", sorted(HOSTS_OWN))
def test_a_role_that_the_app_cannot_tell_to_be_missing_is_named(tmp_path: Path, role: str) -> None:
    """As after a deployment that stopped half-way."""
    held = [*(HOSTS_OWN - {role}), "Storage Blob Data Contributor"]
    (tmp_path / "roles").write_text("\n".join(held) + "\n", "utf-8")
    said, _ = deployed(tmp_path, curl=when("/pull", "printf 503"), environment=OUTPUTS)
    assert said[1:] == [sentence("no_app_role", role), sentence("no_pull"), sentence("fetch_key", FETCH)]


def test_every_deployment_gives_the_app_these_roles() -> None:
    assert len(HOSTS_OWN) == 3
    assert [name for name in SETS if hosts_own(name) != HOSTS_OWN] == []


@pytest.mark.parametrize("output", GIVEN)
def test_an_output_that_is_not_set_is_named(tmp_path: Path, output: str) -> None:
    done = run("after-deployment.sh", prepared(tmp_path, {}) | GIVEN | {output: ""})
    assert (done.returncode, done.stderr) == (2, sentence("no_output", output) + "\n")


def test_no_key_is_an_argument_of_curl(tmp_path: Path) -> None:
    _, asked = deployed(tmp_path)
    arguments = [line.partition(" ")[2].partition(" ")[2] for line in asked if line.startswith("x-functions-key")]
    assert arguments
    assert not [line for line in arguments if "FUNCTIONKEY" in line.partition(" -s ")[2]]


def test_the_readme_leads_to_the_dashboard_in_eight_lines_at_most(tmp_path: Path) -> None:
    """Its commands are run, and `azd up` runs the hooks in their order."""
    section = (ROOT / "README.md").read_text("utf-8").partition("## Deploy it\n")[2].partition("\n## ")[0]
    commands = re.findall(r"^ {4}(.*)$", section, re.MULTILINE)
    assert 0 < len(commands) <= 8
    hooks = re.findall(r"posix:\n +shell: sh\n +run: (.*)", (ROOT / "azure.yaml").read_text("utf-8"))
    assert len(hooks) == 3
    outputs = " ".join(f"{name}='{value}'" for name, value in OUTPUTS.items())
    up = "\n".join([f"cd {ROOT}", f"export AZURE_LOCATION=westeurope REPORTS=aggregates {outputs}", *hooks])
    azd = f"""
echo "azd $*" >>"$ASKED"
case "$*" in
"auth login --check-status --output json") echo '{{"status": "success"}}' ;;
"auth login" | "env new usage" | "env set AZURE_LOCATION westeurope") ;;
up) {up} ;;
*) exit 9 ;;
esac"""
    (tmp_path / "keys").mkdir()
    (tmp_path / "roles").write_text("\n".join(HOSTS_OWN) + "\n", "utf-8")
    programs = {"az": f"{AZ_BEFORE}\n{AZ}", "curl": CURL, "sleep": "exit 0", "azd": azd, "git": 'mkdir "${2##*/}"'}
    given = prepared(tmp_path, programs) | {"KEYS": f"{tmp_path}/keys"}
    (tmp_path / "mkdir").symlink_to("/bin/mkdir")
    done = subprocess.run(
        [f"{tmp_path}/sh", "-e", "-c", "\n".join(commands)], cwd=tmp_path, capture_output=True, text=True, env=given
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "The app has Reports.Read.All.\n"
    said = [sentence(each) for each in ("good", "keyed", "pulling", "healthy")]
    assert done.stderr.splitlines() == [sentence("choose", "S"), *said, sentence("fetch_key", FETCH)]
