"""What the templates deploy, with four sets of parameters. `test_faults.py` breaks each rule at least once."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from shared import events
from shared.archive import layout as blobs
from shared.domain.catalogue import catalogue
from shared.domain.graph_window import DATE_DAYS
from shared.settings import GRAPH_VERSIONS, LEAST_GROUP, SETTINGS
from tests.unit.infra.template import CLIENT, ROOT, SETS, Deployed, Infra, declared, role_of, scope_of

REQUIRED = tomllib.loads(Path(__file__).with_name("required.toml").read_text("utf-8"))["rule"]

ACCOUNT = "Microsoft.Storage/storageAccounts"
BLOBS = f"{ACCOUNT}/blobServices"
CONTAINER = f"{BLOBS}/containers"
QUEUE = f"{ACCOUNT}/queueServices/queues"
LIFECYCLE = f"{ACCOUNT}/managementPolicies"
ROLE = "Microsoft.Authorization/roleAssignments"
AUDIT = "Microsoft.Insights/diagnosticSettings"
SITE = "Microsoft.Web/sites"
PLAN = "Microsoft.Web/serverfarms"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
INSIGHTS = "Microsoft.Insights/components"
ALARM = "Microsoft.Insights/scheduledQueryRules"
PEOPLE = "Microsoft.Insights/actionGroups"
NETWORK = "Microsoft.Network/virtualNetworks"
ENDPOINT = "Microsoft.Network/privateEndpoints"
GRANT = "Microsoft.Graph/appRoleAssignedTo@v1.0"

BLOB_DATA_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
QUEUE_DATA_CONTRIBUTOR = "974c5e8b-45b9-4653-ba55-5f855dd0fb88"
BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_DATA_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""
POWER_QUERY = {"a672d62c-fc7b-4e81-a576-e60dc46e951d", "b52893c8-bc2e-47fc-918b-77022b299bbc"}
"""https://learn.microsoft.com/power-query/connector-authentication"""

PLATFORM = {
    *(f"AzureWebJobsStorage__{name}" for name in ("blobServiceUri", "queueServiceUri", "tableServiceUri")),
    *(f"AzureWebJobsStorage__{name}" for name in ("credential", "clientId")),
    *(f"APPLICATIONINSIGHTS_{name}_STRING" for name in ("CONNECTION", "AUTHENTICATION")),
    "PYTHON_THREADPOOL_THREAD_COUNT",
}
"""App settings that the Functions host and the Python worker read; none that Flex Consumption refuses:
https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#deprecated-properties-and-settings"""
NOT_IN_AZURE = {"ARCHIVE_CA", "AZURE_AUTHORITY_HOST"}
"""Settings of the app that only an emulator and a simulator need."""

OUTPUTS = {
    "AZURE_RESOURCE_GROUP",
    "AZURE_FUNCTION_APP_NAME",
    "REPORTS_URL",
    "DASHBOARD_URL",
    "ARCHIVE_URL",
    "IDENTITY_PRINCIPAL_ID",
    "GRAPH_ENDPOINT",
    "GRAPH_PERMISSIONS",
}
"""Of azd's environment after a deployment."""

LIMITS = {
    "name": {"minLength": 2, "maxLength": 16},
    "minGroup": {"minValue": LEAST_GROUP, "maxValue": 9999},
    "cloud": {"allowedValues": ["auto", "global", "usgov", "dod", "china"]},
    "staleAfterDays": {"minValue": 4, "maxValue": 60},
    "personalRetentionDays": {"allowedValues": [0, 90, 180, 365, 730, 1095, 1825, 3650]},
    "quarantineDays": {"minValue": 1, "maxValue": 3650},
    "immutabilityDays": {"minValue": 0, "maxValue": 146000},
    "archiveSku": {"allowedValues": ["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS"]},
    "entraClientId": {"maxLength": 36},
    "tenantsClientId": {"maxLength": 36},
    "instanceMemoryMB": {"allowedValues": [512, 2048, 4096]},
    "maximumInstanceCount": {"minValue": 40, "maxValue": 1000},
    "httpConcurrency": {"minValue": 1, "maxValue": 100},
}
"""What Resource Manager refuses of the app's parameters."""


@pytest.fixture(scope="session")
def infra() -> Infra:
    return Infra()


def covers(actual: Any, expected: Any) -> bool:
    """Whether the value is as expected; objects may have more."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(covers(actual.get(key), value) for key, value in expected.items())
    return bool(actual == expected)


def output_of(infra: Infra, expression: str) -> str:
    """Return what the output of a module stands for."""
    module, output = re.findall(r"uniqueString\('(\w+)', format.*outputs\.(\w+)\.value\]$", expression)[0]
    return str(infra.templates[module]["outputs"][output]["value"])


def lifecycle_rules(deployed: Deployed) -> list[dict[str, Any]]:
    return [each["definition"] for each in deployed.one(LIFECYCLE)["properties"]["policy"]["rules"]]


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["why"]) for rule in REQUIRED])
def test_resources_have_what_they_must_have(infra: Infra, rule: dict[str, Any]) -> None:
    for name in rule.get("sets", SETS):
        resources = infra.deployed(name).all(rule["resource"], rule.get("id", ""))
        assert len(resources) == rule["count"] if "count" in rule else resources
        for resource in resources:
            assert covers(resource, rule.get("has", {}))
            assert not [lacking for lacking in rule.get("lacks", []) if f'"{lacking}"' in json.dumps(resource)]


# -- the templates -----------------------------------------------------------------------------------------------------


def test_every_file_and_every_kind_of_resource_is_part_of_the_whole(infra: Infra) -> None:
    assert len(infra.templates) == len(list(infra.folder.glob("*.bicep")))
    written = {each["type"] for template in infra.templates.values() for each in declared(template).values()}
    only_read = {"Microsoft.Resources/deployments", "Microsoft.Graph/servicePrincipals@v1.0"}
    assert {each["type"] for each in infra.everything.resources} == written - only_read


def test_every_parameter_says_what_it_means(infra: Infra) -> None:
    for name, template in infra.templates.items():
        for parameter, declaration in template.get("parameters", {}).items():
            assert re.fullmatch(r"[A-Z].*\.", declaration["metadata"]["description"]), f"{name}: {parameter}"


def test_main_takes_what_the_app_takes_with_the_same_limits_and_defaults(infra: Infra) -> None:
    main, app = infra.templates["main"]["parameters"], infra.templates["app"]["parameters"]
    assert list(main) == list(app)
    assert {name for name in app if app[name] != main[name]} == {"name", "location"}


def test_values_outside_these_limits_are_refused(infra: Infra) -> None:
    keys = ("minLength", "maxLength", "minValue", "maxValue", "allowedValues")
    parameters = infra.templates["app"]["parameters"]
    limits = {name: {key: each[key] for key in keys if key in each} for name, each in parameters.items()}
    assert {name: each for name, each in limits.items() if each} == LIMITS
    client = infra.templates["entraAuth"]["parameters"]["clientId"]
    assert (client["minLength"], client["maxLength"]) == (len(CLIENT), len(CLIENT))


def test_no_age_is_so_short_that_the_app_would_pull_a_day_again(infra: Infra) -> None:
    ages = infra.templates["app"]["parameters"]["personalRetentionDays"]["allowedValues"]
    assert all(age == 0 or age > DATE_DAYS + 30 for age in ages)


def test_the_app_deploys_alone_into_a_group_that_is_there(infra: Infra) -> None:
    app = infra.templates["app"]
    assert app["$schema"].endswith("/deploymentTemplate.json#")
    assert [name for name, each in app["parameters"].items() if "defaultValue" not in each] == ["name"]
    assert app["parameters"]["location"]["defaultValue"] == "[resourceGroup().location]"


def test_no_version_of_a_type_is_a_preview_but_the_one_that_has_no_other(infra: Infra) -> None:
    for resource in infra.everything.resources:
        version = str(resource.get("apiVersion"))
        assert ("preview" in version) == (resource["type"] == AUDIT), resource["type"]


def test_no_key_is_ever_asked_for_and_no_address_of_one_cloud_written_down(infra: Infra) -> None:
    suffix = r"core\.windows|azurewebsites|azure-api|login\.microsoftonline|management\.azure|database\.windows"
    for path in infra.folder.glob("*.bicep"):
        code = re.sub(r"(?m)(^|\s)//.*$", "", path.read_text("utf-8"))
        assert not re.search(r"list\w*Keys|listCallbackUrl|AccountKey|@secure|sharedKey\b", code, re.IGNORECASE), path
        assert not re.search(suffix, code), path


def test_azd_and_the_scripts_are_told_what_they_ask_for(infra: Infra) -> None:
    assert set(infra.templates["main"]["outputs"]) == OUTPUTS


def test_everything_is_in_one_region(infra: Infra) -> None:
    for name in SETS:
        places = {each["location"].lower() for each in infra.deployed(name).resources if "location" in each}
        assert places - {"global"} == {"usgovvirginia" if name == "us_government" else "westeurope"}


def test_all_that_is_made_goes_with_its_group_once_the_lock_is_off(infra: Infra) -> None:
    """As docs/lifecycle.md removes it; what is granted in Graph goes with the identity."""
    (removed,) = re.findall(r"az lock delete --name ([\w-]+)", (ROOT / "docs" / "lifecycle.md").read_text("utf-8"))
    for deployed in map(infra.deployed, SETS):
        group = str(deployed.one("Microsoft.Resources/resourceGroups")["name"])
        assert not [each for each in deployed.resources if group not in str(each.get("id", group))]
        assert {each["name"] for each in deployed.all("Microsoft.Authorization/locks")} <= {removed}


# -- storage -----------------------------------------------------------------------------------------------------------


def test_the_archive_has_the_containers_that_the_app_writes_to(infra: Infra) -> None:
    containers = {each["name"].rpartition("/")[2] for each in infra.default.all(CONTAINER, "starch")}
    assert containers >= {*blobs.CONTAINERS}
    assert "starch" in output_of(infra, infra.default.settings["ARCHIVE_URL"])


def test_the_host_has_the_queue_of_the_door_and_the_one_for_what_failed(infra: Infra) -> None:
    triggers = ast.parse((ROOT / "function_app.py").read_text("utf-8"))
    (name,) = re.findall(r"^QUEUE = '(.*)'$", ast.unparse(triggers), re.MULTILINE)
    queues = [each["name"].rpartition("/")[2] for each in infra.default.all(QUEUE, "sthost")]
    assert queues == [name, f"{name}-poison"]


def test_snapshots_without_personal_data_are_never_deleted_or_moved(infra: Infra) -> None:
    for rule in (rule for name in SETS for rule in lifecycle_rules(infra.deployed(name))):
        assert set(rule["filters"]["prefixMatch"]) <= {
            f"{blobs.PERSONAL}/",
            f"{blobs.DERIVED}/",
            f"{blobs.PERSONAL_DERIVED}/",
            f"{blobs.QUARANTINE}/",
            f"{blobs.INPUT}/",
            f"{blobs.ERASED}/",
        }


def test_the_archive_can_always_be_read_at_once(infra: Infra) -> None:
    assert not [name for name in SETS if "tierToArchive" in json.dumps(lifecycle_rules(infra.deployed(name)))]


def test_of_what_is_derived_older_versions_alone_are_deleted(infra: Infra) -> None:
    derived = [f"{blobs.DERIVED}/", f"{blobs.PERSONAL_DERIVED}/"]
    rules = [each for each in lifecycle_rules(infra.default) if each["filters"]["prefixMatch"] == derived]
    assert [each["actions"] for each in rules] == [{"version": {"delete": {"daysAfterCreationGreaterThan": 7}}}]


def test_what_was_written_over_where_people_are_expires_and_nothing_else_there(infra: Infra) -> None:
    places = {f"{each}/" for each in (blobs.PERSONAL, blobs.INPUT, blobs.ERASED)}
    rules = [each for each in lifecycle_rules(infra.default) if {*each["filters"]["prefixMatch"]} == places]
    assert [each["actions"] for each in rules] == [{"version": {"delete": {"daysAfterCreationGreaterThan": 7}}}]


def test_the_package_of_the_app_lies_in_the_account_of_the_host(infra: Infra) -> None:
    place = infra.default.one(SITE)["properties"]["functionAppConfig"]["deployment"]["storage"]["value"]
    assert "'sthost{0}'" in output_of(infra, place)


def test_rules_for_versions_come_after_versioning(infra: Infra) -> None:
    (lifecycle,) = (each for each in declared(infra.templates["storage"]).values() if each["type"] == LIFECYCLE)
    assert any(f"'{BLOBS}', format('starch" in each for each in lifecycle["dependsOn"])


def test_personal_snapshots_and_their_versions_are_deleted_at_the_age_given_or_kept(infra: Infra) -> None:
    assert expiry_of(infra.default, blobs.PERSONAL) == []
    assert expiry_of(infra.everything, blobs.PERSONAL) == [365]
    assert expiry_of(infra.everything, blobs.PERSONAL_DERIVED) == [365]


def test_quarantined_bodies_and_their_versions_are_deleted_at_the_age_given(infra: Infra) -> None:
    assert expiry_of(infra.default, blobs.QUARANTINE) == [180]
    assert expiry_of(infra.everything, blobs.QUARANTINE) == [30]


def expiry_of(deployed: Deployed, container: str) -> list[int]:
    """Return the ages in days at which all that is in the container is deleted: every blob, and every version."""
    rules = [rule for rule in lifecycle_rules(deployed) if f"{container}/" in rule["filters"]["prefixMatch"]]
    ending = [rule["actions"] for rule in rules if "delete" in rule["actions"].get("baseBlob", {})]
    ages = [actions["baseBlob"]["delete"] for actions in ending]
    assert ages == [actions["version"]["delete"] for actions in ending]
    return [age["daysAfterCreationGreaterThan"] for age in ages]


# -- permissions -------------------------------------------------------------------------------------------------------


def test_the_app_may_do_this_and_nothing_else(infra: Infra) -> None:
    for deployed in map(infra.deployed, SETS):
        grants = [(role_of(each), scope_of(each)) for each in deployed.all(ROLE)]
        assert sorted(grants) == sorted(
            [
                (BLOB_DATA_OWNER, deployed.one(ACCOUNT, "sthost")["id"]),
                (QUEUE_DATA_CONTRIBUTOR, deployed.one(ACCOUNT, "sthost")["id"]),
                *(
                    (BLOB_DATA_READER if each["id"].endswith(f"/{blobs.INPUT}") else BLOB_DATA_CONTRIBUTOR, each["id"])
                    for each in deployed.all(CONTAINER, "starch")
                ),
                (METRICS_PUBLISHER, deployed.one(INSIGHTS)["id"]),
            ]
        )


def test_every_permission_is_the_apps_own_and_named_so_that_deploying_again_is_safe(infra: Infra) -> None:
    for assignment in infra.default.all(ROLE):
        principal = assignment["properties"]["principalId"].strip("[]")
        assert principal.startswith(f"reference('{infra.default.one(IDENTITY)['id']}'")
        assert principal.endswith(").principalId")
        assert assignment["properties"]["principalType"] == "ServicePrincipal"
        assert assignment["name"] == f"[guid('{scope_of(assignment)}', {principal}, '{role_of(assignment)}')]"


def test_the_app_is_made_after_its_permissions(infra: Infra) -> None:
    granting = {
        name
        for name, template in infra.templates.items()
        if {ROLE, GRANT} & {each["type"] for each in declared(template).values()}
    }
    assert granting == {"storage", "monitoring", "graphPermissions"}
    resources = declared(infra.templates["app"])
    before = set(resources["site"]["dependsOn"])
    assert granting <= before.union(*(resources[name].get("dependsOn", ()) for name in before))


def test_what_is_granted_in_graph_is_to_read_what_is_selected_and_nothing_else(infra: Infra) -> None:
    grants = {name: infra.deployed(name).all(GRANT) for name in SETS}
    assert {name: len(each) for name, each in grants.items()} == {
        "default": 0,
        "everything": 4,
        "private_network": 2,
        "us_government": 0,
        "long_name": 0,
    }
    for grant in grants["everything"]:
        assert re.search(rf"/{IDENTITY}/[\w-]+', '[\d-]+'\)\.principalId\]$", grant["properties"]["principalId"])
    names = infra.templates["app"]["variables"]["graphPermissionNames"]
    needed = dict.fromkeys(report.permission for report in catalogue().reports.values())
    assert re.findall(r"'(\w+\.\w+\.\w+)'", names) == [*needed, "AuditLog.Read.All"]
    graph = declared(infra.templates["graphPermissions"])["graph"]
    assert graph["properties"] == {"appId": "00000003-0000-0000-c000-000000000000"}
    assert json.loads(infra.text("bicepconfig.json"))["extensions"] == {
        "microsoftGraphV1": "br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0"
    }


# -- the function app --------------------------------------------------------------------------------------------------


def test_the_app_has_one_identity_and_uses_it_for_everything(infra: Infra) -> None:
    identity, site, settings = infra.default.one(IDENTITY)["id"], infra.default.one(SITE), infra.default.settings
    assert site["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}}
    assert site["properties"]["functionAppConfig"]["deployment"]["storage"]["authentication"] == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": identity,
    }
    client = settings["AZURE_CLIENT_ID"].strip("[]")
    assert re.fullmatch(rf"reference\('{identity}', '[\d-]+'\)\.clientId", client)
    assert settings["AzureWebJobsStorage__clientId"] == f"[{client}]"
    authorization = f"[format('ClientId={{0}};Authorization=AAD', {client})]"
    assert settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == authorization


def test_the_runtime_is_the_python_that_the_tests_run_on(infra: Infra) -> None:
    version = infra.default.one(SITE)["properties"]["functionAppConfig"]["runtime"]["version"]
    assert f'python_version >= "{version}"' in (ROOT / "requirements.in").read_text("utf-8")
    for workflow in ROOT.glob(".github/workflows/*.yml"):
        if versions := re.findall(r"python-version: *(.+)", workflow.read_text("utf-8")):
            assert any(version in each or "matrix" in each for each in versions), workflow


def test_the_longest_name_allowed_fits_everywhere(infra: Infra) -> None:
    assert len(infra.everything.one(SITE)["name"]) <= 32
    assert all(re.fullmatch(r"[a-z0-9]{3,24}", account["name"]) for account in infra.everything.all(ACCOUNT))
    assert len(infra.everything.one(PLAN)["name"]) <= 40
    assert len(infra.everything.one(PEOPLE)["properties"]["groupShortName"]) <= 12


def test_a_name_that_fits_is_taken_as_it_is_and_any_other_is_made_to_fit(infra: Infra) -> None:
    assert infra.templates["main"]["parameters"]["name"]["maxLength"] == 64  # of an environment of azd
    assert infra.default.one(PLAN)["name"].startswith("plan-usage-")
    assert infra.everything.one(PLAN)["name"].startswith(f"plan-{'n' * 16}-")
    named = infra.deployed("long_name")
    assert re.fullmatch(r"func-Contoso-Usa-[a-z0-9]{4}-[a-z0-9]{10}", named.one(SITE)["name"])
    assert named.one("Microsoft.Resources/resourceGroups")["name"] == "rg-Contoso_Usage.Archive-Production(2026)"
    for resource in named.resources:
        if resource["type"].startswith(("Microsoft.Web/serverfarms", IDENTITY, INSIGHTS, ALARM)):
            assert re.fullmatch(r"[A-Za-z0-9-]{3,60}", resource["name"]), resource["type"]


def test_every_setting_of_the_app_is_set_and_no_other(infra: Infra) -> None:
    for deployed in map(infra.deployed, SETS):
        assert deployed.settings.keys() == PLATFORM | {each.name for each in SETTINGS} - NOT_IN_AZURE


def test_the_defaults_are_those_of_the_app(infra: Infra) -> None:
    defaults = {each.name: each.default for each in SETTINGS if each.default is not None}
    for name in ("PULL_SCHEDULE", "REPORTS", "DOWNLOAD_HOSTS"):
        assert infra.default.settings[name] == defaults[name]
    public = infra.templates["app"]["variables"]["clouds"]["global"]
    assert public == {"graphEndpoint": defaults["GRAPH_ENDPOINT"], "graphVersion": defaults["GRAPH_VERSION"]}


def test_the_host_reaches_its_storage_by_identity_and_address(infra: Infra) -> None:
    settings = infra.default.settings
    assert settings["AzureWebJobsStorage__credential"] == "managedidentity"
    for kind in ("blob", "queue", "table"):
        address = output_of(infra, settings[f"AzureWebJobsStorage__{kind}ServiceUri"])
        assert "'sthost{0}'" in address
        assert address.endswith(f".primaryEndpoints.{kind}]")


def test_graph_is_that_of_the_cloud(infra: Infra) -> None:
    variables = infra.templates["app"]["variables"]
    clouds = {"AzureCloud": "global", "AzureUSGovernment": "usgov", "AzureChinaCloud": "china"}
    assert variables["cloudOfAzure"] == clouds
    assert {name: (each["graphEndpoint"], each["graphVersion"]) for name, each in variables["clouds"].items()} == {
        "global": ("https://graph.microsoft.com", "v1.0"),
        "usgov": ("https://graph.microsoft.us", "beta"),
        "dod": ("https://dod-graph.microsoft.us", "beta"),
        "china": ("https://microsoftgraph.chinacloudapi.cn", "beta"),
    }
    assert {each["graphVersion"] for each in variables["clouds"].values()} <= set(GRAPH_VERSIONS)
    for name in ("Endpoint", "Version"):
        value = infra.default.settings[f"GRAPH_{name.upper()}"]
        assert value.endswith(f"'AzureChinaCloud', 'china')[environment().name]].graph{name}]")


# -- options -----------------------------------------------------------------------------------------------------------


def test_a_private_network_has_an_endpoint_for_the_blobs_of_each_account_and_for_the_queues(infra: Infra) -> None:
    deployed = infra.deployed("private_network")
    endpoints = [each["properties"] for each in deployed.all(ENDPOINT)]
    links = [each["privateLinkServiceConnections"][0]["properties"] for each in endpoints]
    accounts = [output_of(infra, each["privateLinkServiceId"]) for each in links]
    reached = re.findall(r"'(st\w+)\{0\}'", "".join(accounts))
    kinds = [kind for each in links for kind in each["groupIds"]]
    assert sorted(zip(reached, kinds, strict=True)) == [("starch", "blob"), ("sthost", "blob"), ("sthost", "queue")]
    assert {each["subnet"]["id"].rpartition("/")[2] for each in endpoints} == {"endpoints"}
    zones = [
        zone["properties"]["privateDnsZoneId"]
        for each in deployed.all("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
        for zone in each["properties"]["privateDnsZoneConfigs"]
    ]
    assert [kind for zone in zones for kind in re.findall("blob|queue", zone)] == kinds
    for link in deployed.all("Microsoft.Network/privateDnsZones/virtualNetworkLinks"):
        assert link["properties"]["virtualNetwork"]["id"] == deployed.one(NETWORK)["id"]


def test_the_app_has_a_subnet_of_its_own_in_a_private_network_alone(infra: Infra) -> None:
    deployed = infra.deployed("private_network")
    assert "'outputs', 'appSubnetId', 'value')" in deployed.one(SITE)["properties"]["virtualNetworkSubnetId"]
    assert infra.templates["network"]["outputs"]["appSubnetId"]["value"].endswith(", 'app')]")
    app, endpoints = (each["properties"] for each in deployed.one(NETWORK)["properties"]["subnets"])
    assert [each["properties"]["serviceName"] for each in app["delegations"]] == ["Microsoft.App/environments"]
    assert app["addressPrefix"] != endpoints["addressPrefix"]
    assert infra.default.one(SITE)["properties"].get("virtualNetworkSubnetId") is None


def test_callers_without_a_key_are_let_in_only_once_entra_guards_the_door(infra: Infra) -> None:
    assert "entraAuth" in declared(infra.templates["app"])["settings"]["dependsOn"]


def test_entra_takes_tokens_for_this_app_from_its_tenant_of_the_cloud_for_power_query_too(infra: Infra) -> None:
    with_host, without = (
        infra.deployed(name).one(f"{SITE}/config", "/authsettingsV2")["properties"]["identityProviders"]
        for name in ("everything", "us_government")
    )
    for entra in (with_host["azureActiveDirectory"], without["azureActiveDirectory"]):
        issuer = r"\[uri\(environment\(\)\.authentication\.loginEndpoint, '[\w-]{36}/v2\.0'\)\]"
        assert re.fullmatch(issuer, entra["registration"]["openIdIssuer"])
        assert entra["registration"]["clientId"] == CLIENT
        allowed = entra["validation"]["defaultAuthorizationPolicy"]["allowedApplications"]
        assert set(allowed) == {CLIENT} | POWER_QUERY
        host = {"https://reports.contoso.com"} if entra is with_host["azureActiveDirectory"] else set()
        assert set(entra["validation"]["allowedAudiences"]) == {CLIENT, f"api://{CLIENT}"} | host


# -- monitoring --------------------------------------------------------------------------------------------------------


def test_every_alarm_watches_the_app_and_says_to_somebody_what_is_wrong(infra: Infra) -> None:
    for alarm in (each["properties"] for each in infra.everything.all(ALARM)):
        assert alarm["scopes"] == [infra.everything.one(INSIGHTS)["id"]]
        assert alarm["actions"]["actionGroups"] == [infra.everything.one(PEOPLE)["id"]]
        assert alarm["windowSize"] in ("PT15M", "P1D", "P2D")  # no longer one is possible
        assert alarm["description"].endswith(".")


def test_the_alarm_for_single_days_leaves_a_week(infra: Infra) -> None:
    assert f"ago({DATE_DAYS - 7}d)" in infra.default.queries["date-at-risk"]


def test_the_tolerance_for_staleness_is_a_parameter(infra: Infra) -> None:
    assert infra.everything.queries["report-stale"].startswith("let tolerance = 21d;\ntraces\n")


def test_the_workbook_asks_for_events_that_the_app_has(infra: Infra) -> None:
    workbook = infra.default.one("Microsoft.Insights/workbooks")["properties"]
    content = json.loads(workbook["serializedData"])
    assert content["fallbackResourceIds"] == [workbook["sourceId"]] == [infra.default.one(INSIGHTS)["id"]]
    queries = [item["content"]["query"] for item in content["items"] if item["type"] == 3]
    names = {name for query in queries for name in re.findall(r"startswith '([^']+)'", query)}
    assert names <= {value for name, value in vars(events).items() if name.isupper()}
    assert {events.PULL, events.LOST, events.RUN_FAILED} <= names
    of_runs = [query for query in queries if "parse_json" in query and "'request." not in query]
    assert all("| where isempty('{Tenant}') or facts.tenant == '{Tenant}'\n" in query for query in of_runs)
    (parameters,) = (item["content"]["parameters"] for item in content["items"] if item["type"] == 9)
    assert {each["name"] for each in parameters} == {"TimeRange", "Tenant"}
