"""What is said before a deployment, by stand-ins of `az` and `azd` in each state that stops one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import tree_sitter
import tree_sitter_powershell

from tests.integration.standins import SENTENCES, prepared, run, sentence, when
from tests.unit.infra.template import INFRA

SUBSCRIPTION = "33333333-3333-3333-3333-333333333333"
PROVIDERS = "Web Storage ManagedIdentity Insights OperationalInsights Network App"
AZ = f"""\
case "$*" in
*"account show --subscription"*) echo TENANT ;;
*"account show --query user.name"*) echo ann ;;
*"account show"*) echo {SUBSCRIPTION} ;;
*"signed-in-user show"*) echo ME ;;
*"role assignment list"*) echo Owner ;;
*"get-access-token"*) echo TENANT ;;
*"provider list"*) printf 'Microsoft.%s\\n' {PROVIDERS} ;;
*"list-flexconsumption-locations --zone-redundant true"*) echo "West US 3" ;;
*"list-flexconsumption-locations"*) printf 'West Europe\\nwestus3\\n' ;;
*"list-flexconsumption-runtimes"*) printf '3.12\\n3.13\\n' ;;
*"directoryRole"*) echo e8611ab8-c189-46e8-94e1-60213ab1f814 ;;
*"sub validate"*) echo "$@" >>"$ASKED" ;;
*) exit 9 ;;
esac
"""
"""Everything as it should be."""
GIVEN = {"AZURE_LOCATION": "westeurope", "AZURE_ENV_NAME": "usage", "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}


AZD = """\
echo "$@" >>"$ASKED"
case "$*" in
"auth login --check-status --output json") printf '{\\n  "status": "%s"\\n}\\n' "${AZD_STATUS:-success}" ;;
esac
"""
"""Says whether somebody is signed in, and exits with 0 in any case, as the true one does."""


def check(
    folder: Path, az: str | None = "", azd: str | None = AZD, environment: Mapping[str, str] | None = None
) -> tuple[int, list[str]]:
    """Run the script where `az` first does this; None: there is no such program. Return its status and sentences."""
    texts = {"azd": azd, "az": az if az is None else f"{az}\n{AZ}"}
    programs = {name: text for name, text in texts.items() if text is not None}
    given = prepared(folder, programs) | GIVEN
    done = run("before-deployment.sh", given | dict(environment or {}))
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


def test_where_nothing_stands_in_the_way_that_is_said(tmp_path: Path) -> None:
    assert check(tmp_path) == (0, [sentence("good")])


def without(provider: str) -> str:
    """Let this provider not be registered."""
    return when("provider list", f"printf 'Microsoft.%s\\n' {PROVIDERS.replace(provider, 'Other')}")


def refused(why: str) -> str:
    """Let Azure refuse the deployment."""
    return when("validate", f"echo '{why}' >&2; exit 1")


PUBLIC = "RequestDisallowedByPolicy: storage must not be public"
TAGS = "RequestDisallowedByPolicy: the tag CostCenter is required"
NOT_ASSIGN = "does not have permission to perform action Microsoft.Authorization/roleAssignments/write"
STATES = {
    "no az": (None, {}, ("no_az",)),
    "signed out": (when("account show", "exit 1"), {}, ("az_signed_out",)),
    "signed in long ago": (when("get-access-token", "exit 1"), {}, ("az_expired",)),
    "another tenant": (when("account show --subscription", "exit 1"), {}, ("no_subscription", SUBSCRIPTION)),
    "another subscription": ("", {"AZURE_SUBSCRIPTION_ID": "S2"}, ("another_subscription", "S2")),
    "no right to assign roles": (when("role assignment", "echo Contributor"), {}, ("no_role", SUBSCRIPTION)),
    "an owner of data": (when("role assignment", "echo Storage Blob Data Owner"), {}, ("no_role", SUBSCRIPTION)),
    "no right that Azure knows of": (refused(NOT_ASSIGN), {}, ("no_role", SUBSCRIPTION)),
    "a provider": (without("Web"), {}, ("no_provider", "Microsoft.Web")),
    "a provider of networks": (without("App"), {"PRIVATE_NETWORK": "true"}, ("no_provider", "Microsoft.App")),
    "no Flex": ("", {"AZURE_LOCATION": "antarctica"}, ("no_flex", "antarctica")),
    "no zones": ("", {"ZONE_REDUNDANT": "true"}, ("no_zones", "westeurope")),
    "no Python": (when("runtimes", "echo 3.12"), {}, ("no_python", "westeurope")),
    "a name that is taken": (refused("StorageAccountAlreadyTaken"), {}, ("taken",)),
    "a policy against public networks": (refused(PUBLIC), {}, ("policy", PUBLIC)),
    "a policy that wants tags": (refused(TAGS), {}, ("policy", TAGS)),
    "something else": (refused("InvalidTemplate"), {}, ("unknown", "InvalidTemplate")),
    "five fields and more": ("", {"PULL_SCHEDULE": "0 15 1 * * * *"}, ("schedule_fields", "0 15 1 * * * *")),
    "a time span": ("", {"PULL_SCHEDULE": "06:00:00"}, ("schedule_fields", "06:00:00")),
    "every second": ("", {"PULL_SCHEDULE": "* 15 1 * * *"}, ("schedule_seconds", "*")),
    "a sign": ("", {"PULL_SCHEDULE": "0 15 1 ? * *"}, ("schedule_sign", "one of ? # @ L W")),
    "turned round": ("", {"PULL_SCHEDULE": "0 15 22-2 * * *"}, ("schedule_turned", "22-2")),
    "weekdays": ("", {"PULL_SCHEDULE": "0 15 1 * * MON-FRI"}, ("schedule_rare",)),
}


QUICK = ("no az", "another tenant")


@pytest.mark.parametrize(
    ("az", "environment", "said"),
    [pytest.param(*STATES[each], id=each, marks=[] if each in QUICK else pytest.mark.long) for each in STATES],
)
def test_what_would_stop_a_deployment_is_said_with_the_remedy(
    tmp_path: Path, az: str | None, environment: dict[str, str], said: tuple[str, ...]
) -> None:
    status, sentences = check(tmp_path, az, environment=environment)
    assert status == 1
    assert sentence(*said) in sentences
    assert sentence("good") not in sentences


def test_a_sentence_that_is_no_hindrance_stops_nothing(tmp_path: Path) -> None:
    unable = when("directoryRole", "true")
    assert check(tmp_path, unable) == (0, [sentence("may_not_grant"), sentence("good")])


UNCHECKED = {
    "role assignment": "you may assign roles",
    "provider list": "the resource providers are registered",
    "list-flexconsumption-locations": "westeurope has Flex Consumption, with zones if they are asked for",
    "list-flexconsumption-runtimes": "westeurope has Python 3.13",
    "directoryRole": "you may grant permissions of Microsoft Graph",
}


def test_what_cannot_be_checked_is_said_and_stops_nothing(tmp_path: Path) -> None:
    blind = "\n".join(when(question, "exit 1") for question in UNCHECKED)
    unchecked = [sentence("unchecked", what) for what in UNCHECKED.values()]
    assert check(tmp_path, blind) == (0, [*unchecked, sentence("good")])


def test_who_is_signed_in_to_az_alone_is_told(tmp_path: Path) -> None:
    given = {"AZD_STATUS": "unauthenticated"}
    assert check(tmp_path, environment=given) == (1, [sentence("azd_signed_out")])


def test_where_azd_is_not_used_nobody_has_to_be_signed_in_to_it(tmp_path: Path) -> None:
    assert check(tmp_path, azd=None) == (0, [sentence("good")])


@pytest.mark.parametrize(
    "schedule",
    [
        "0 15 1,7,13,19 * * *",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("15 1 * * *", "0 */15 * * * *", "0 0 6-22/4 * * *")),
    ],
)
def test_a_schedule_that_the_host_takes_as_it_is_meant_is_taken(tmp_path: Path, schedule: str) -> None:
    assert check(tmp_path, environment={"PULL_SCHEDULE": schedule}) == (0, [sentence("good")])


def test_azure_is_asked_with_what_azd_would_deploy(tmp_path: Path) -> None:
    check(tmp_path, environment={"REPORTS": "aggregates, users", "IMMUTABILITY_DAYS": "10"})
    (asked,) = (line for line in (tmp_path / "asked").read_text("utf-8").splitlines() if "--parameters" in line)
    given = asked.partition("--parameters ")[2]
    assert given == "name=usage location=westeurope reports=aggregates, users immutabilityDays=10"


def test_what_azd_asks_for_later_is_said_not_to_have_been_looked_at(tmp_path: Path) -> None:
    given = {"AZURE_LOCATION": "", "AZURE_SUBSCRIPTION_ID": ""}
    said = [sentence("choose", SUBSCRIPTION), sentence("no_region"), sentence("good")]
    assert check(tmp_path, environment=given) == (0, said)
    assert "validate" not in (tmp_path / "asked").read_text("utf-8")


@pytest.mark.parametrize(("typed", "reports"), [("\n", "aggregates"), ("y\n", "aggregates, personal")])
def test_a_person_is_asked_once_whether_people_shall_be_archived(tmp_path: Path, typed: str, reports: str) -> None:
    given = prepared(tmp_path, {"az": AZ, "azd": AZD}) | GIVEN
    ours, theirs = os.openpty()
    os.write(ours, typed.encode())
    first = run("before-deployment.sh", given, stdin=theirs)
    again = run("before-deployment.sh", given | {"REPORTS": reports}, stdin=theirs)
    os.close(ours)
    os.close(theirs)
    assert first.stderr.splitlines() == [sentence("ask_personal"), sentence("good")]
    assert again.stderr.splitlines() == [sentence("good")]
    assert f"env set REPORTS {reports}" in (tmp_path / "asked").read_text("utf-8").splitlines()


@pytest.mark.parametrize("script", ["before-deployment", "after-deployment", "say"])
def test_the_script_for_windows_does_the_same(script: str) -> None:
    """There is no PowerShell where the tests are run: it is parsed, and compared."""
    shell, windows = ((INFRA / f"{script}.{kind}").read_text("utf-8") for kind in ("sh", "ps1"))
    language = tree_sitter.Language(tree_sitter_powershell.language())
    assert not tree_sitter.Parser(language).parse(windows.encode()).root_node.has_error
    options = re.compile(r"--[a-z-]+\b|\b(?:account|provider|role|functionapp) \w[\w-]+|Microsoft\.\w+")
    assert set(options.findall(shell)) == set(options.findall(windows))
    assert re.findall(r"[\w-]{36}", shell) == re.findall(r"[\w-]{36}", windows)
    assert said(shell) == said(windows)


CMDLETS = {
    *("Get-Content", "Set-Content", "Join-Path", "New-TemporaryFile", "Remove-Item", "Out-String", "Where-Object"),
    *("Get-Command", "Start-Sleep", "Invoke-WebRequest", "ConvertFrom-Json", "ConvertTo-Json"),
}
"""Of PowerShell itself, of every version from 5.1 on."""
AUTOMATIC = {"args", "_", "null", "true", "false", "lastexitcode", "erroractionpreference", "psscriptroot", "matches"}


@pytest.mark.parametrize("script", sorted(path.name for path in INFRA.glob("*.ps1")))
def test_a_script_for_windows_names_nothing_that_there_is_not(script: str) -> None:
    """PowerShell itself would say so only where the line is reached."""
    own, shared = ((INFRA / name).read_bytes() for name in (script, "say.ps1"))
    found: dict[str, set[str]] = {}
    for text in {own, shared if b"'say.ps1'" in own else own}:
        nodes = [tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(text).root_node]
        for node in nodes:  # it grows
            nodes += node.children
            if text == own or node.type in ("function_name", "left_assignment_expression"):
                found.setdefault(node.type, set()).add((node.text or b"").decode().strip())
    commands = {name for name in found.get("command_name", ()) if not re.fullmatch(r"\d+\.\.\d+", name)}
    assert commands - found.get("function_name", set()) - CMDLETS - {"az", "azd"} == set()
    assigned = [*found["left_assignment_expression"], *found.get("script_parameter", ())]
    assigned += re.findall(r"foreach \((\$\w+)", own.decode())
    there = AUTOMATIC | {name.lower() for each in assigned for name in re.findall(r"\$(?:script:)?(\w+)", each)}
    used = {name.lower() for each in found["variable"] for name in re.findall(r"^[$@](?:script:)?(\w+)$", each)}
    assert used - there == set()


def said(script: str) -> set[str]:
    """Return the names of the sentences that a script may say."""
    return {name for name in re.findall(r"\b\w+\b", script) if name in SENTENCES}


def test_every_sentence_is_said_by_a_script() -> None:
    scripts = ("before-deployment.sh", "after-deployment.sh")
    assert set().union(*(said((INFRA / name).read_text("utf-8")) for name in scripts)) == SENTENCES.keys()
