"""What the templates deploy: for all options off, all on, and each cloud. `test_faults.py` breaks each rule once."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared import events
from shared.archive import layout as blobs
from shared.domain.graph_window import DATE_DAYS
from shared.settings import GRAPH_VERSIONS, SETTINGS
from tests.unit.infra.bicep import BicepError, Deployment, Resource, _guid
from tests.unit.infra.template import CLIENT, EVERY_OPTION, ROOT, Deployed, Infra

ACCOUNT = "Microsoft.Storage/storageAccounts"
CONTAINER = f"{ACCOUNT}/blobServices/containers"
ROLE = "Microsoft.Authorization/roleAssignments"

BLOB_DATA_OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"
BLOB_DATA_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
METRICS_PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""
POWER_QUERY = {"a672d62c-fc7b-4e81-a576-e60dc46e951d", "b52893c8-bc2e-47fc-918b-77022b299bbc"}
"""https://learn.microsoft.com/power-query/connector-authentication"""

ONLY_PREVIEW = "Microsoft.Insights/diagnosticSettings"
"""The one type of which no version is final."""
PLATFORM = {
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "PYTHON_THREADPOOL_THREAD_COUNT",
}
"""App settings that the Functions host and the Python worker read."""
NOT_IN_AZURE = {"ARCHIVE_CA"}
"""Settings of the app that only an emulator needs."""
NOT_ON_FLEX = {
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_EXTENSION_VERSION",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_TIME_ZONE",
    "TZ",
}
"""https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#deprecated-properties-and-settings"""


def both(infra: Infra) -> list[Deployed]:
    """With no option on, and with all."""
    return [infra.deploy(), infra.deploy(**EVERY_OPTION)]


def role_of(assignment: Resource) -> str:
    return str(assignment.properties["roleDefinitionId"]).rpartition("/")[2]


# -- the language ------------------------------------------------------------------------------------------------------


def test_every_file_is_part_of_the_whole(infra: Infra) -> None:
    assert {resource.file for resource in infra.deploy(**EVERY_OPTION).resources} == {path.name for path in infra.files}


def test_any_options_go_together(infra: Infra) -> None:
    for count in (1, 2):
        for names in itertools.combinations(EVERY_OPTION, count):
            infra.deploy(**{name: EVERY_OPTION[name] for name in names})


def test_every_parameter_says_what_it_means(infra: Infra) -> None:
    for path in infra.files:
        for parameter in infra.template(path.name).parameters.values():
            assert re.fullmatch(r"[A-Z].*\.", parameter.decorators.get("description", "")), f"{path}: {parameter.name}"


def test_main_takes_what_the_app_takes_with_the_same_limits_and_defaults(infra: Infra) -> None:
    main, app = (infra.template(name).parameters for name in ("main.bicep", "app.bicep"))
    assert list(main) == list(app)
    assert {name for name in app if app[name] != main[name]} == {"location"}  # the app's is by default its group's


def test_no_version_of_a_type_is_a_preview_but_the_one_that_has_no_other(infra: Infra) -> None:
    for resource in infra.deploy(**EVERY_OPTION).resources:
        assert ("preview" in resource.version) == (resource.type == ONLY_PREVIEW), resource.type


def test_no_key_is_ever_asked_for_and_no_address_of_one_cloud_written_down(infra: Infra) -> None:
    suffix = r"core\.windows|azurewebsites|azure-api|login\.microsoftonline|management\.azure|database\.windows"
    for path in infra.files:
        code = re.sub(r"(?m)(^|\s)//.*$", "", path.read_text("utf-8"))
        assert not re.search(r"list\w*Keys|listCallbackUrl|AccountKey|@secure|sharedKey\b", code, re.IGNORECASE), path
        assert not re.search(suffix, code), path


# -- storage -----------------------------------------------------------------------------------------------------------


def test_nobody_has_a_key_to_an_account_and_nothing_in_it_is_public(infra: Infra) -> None:
    accounts = infra.deploy().all(ACCOUNT)
    assert len(accounts) == 2
    for account in accounts:
        assert account.properties["allowSharedKeyAccess"] is False
        assert account.properties["allowBlobPublicAccess"] is False
        assert account.properties["allowCrossTenantReplication"] is False
        assert account.properties["defaultToOAuthAuthentication"] is True
        assert account.properties["supportsHttpsTrafficOnly"] is True
        assert account.properties["minimumTlsVersion"] == "TLS1_2"
        assert account.body["kind"] == "StorageV2"
        assert "isHnsEnabled" not in account.properties  # the Functions host cannot use such an account


def test_no_container_is_public(infra: Infra) -> None:
    for container in infra.deploy().all(CONTAINER):
        assert container.properties["publicAccess"] == "None"


def test_the_archive_has_the_containers_that_the_app_writes_to(infra: Infra) -> None:
    deployed = infra.deploy()
    theirs = {each.name.rpartition("/")[2] for each in deployed.all(CONTAINER) if each.symbol == "containers"}
    assert theirs >= {blobs.USAGE, blobs.PERSONAL, blobs.DERIVED}
    assert deployed.settings["ARCHIVE_URL"] == "<archive.properties.primaryEndpoints.blob>"


def test_what_is_deleted_or_overwritten_in_the_archive_can_be_brought_back(infra: Infra) -> None:
    properties = infra.deploy().one("archiveBlobs").properties
    assert properties["isVersioningEnabled"] is True
    for kind in ("deleteRetentionPolicy", "containerDeleteRetentionPolicy"):
        assert properties[kind]["enabled"] is True
        assert properties[kind]["days"] >= 30


def test_snapshots_without_personal_data_are_never_deleted_or_moved(infra: Infra) -> None:
    for deployed in both(infra):
        for rule in deployed.one("lifecycle").properties["policy"]["rules"]:
            prefixes = rule["definition"]["filters"]["prefixMatch"]
            assert set(prefixes) <= {f"{blobs.PERSONAL}/", f"{blobs.DERIVED}/"}, rule["name"]


def test_the_archive_can_always_be_read_at_once(infra: Infra) -> None:
    for deployed in both(infra):
        assert "tierToArchive" not in json.dumps(deployed.one("lifecycle").properties)


def test_rules_for_versions_come_after_versioning(infra: Infra) -> None:
    assert "archiveBlobs" in infra.deploy().one("lifecycle").waits_for


def deleting_rules(deployed: Deployed) -> list[dict[str, Any]]:
    rules = deployed.one("lifecycle").properties["policy"]["rules"]
    return [each["definition"] for each in rules if "delete" in each["definition"]["actions"].get("baseBlob", {})]


def test_personal_snapshots_are_kept_unless_an_age_is_given(infra: Infra) -> None:
    assert deleting_rules(infra.deploy()) == []


def test_personal_snapshots_and_their_versions_are_deleted_at_the_age_given(infra: Infra) -> None:
    (rule,) = deleting_rules(infra.deploy(personalRetentionDays=365))
    assert rule["filters"]["prefixMatch"] == [f"{blobs.PERSONAL}/"]
    assert rule["actions"]["baseBlob"] == {"delete": {"daysAfterCreationGreaterThan": 365}}
    assert rule["actions"]["version"] == {"delete": {"daysAfterCreationGreaterThan": 365}}


def test_no_age_is_so_short_that_the_app_would_pull_a_day_again(infra: Infra) -> None:
    ages = infra.template("app.bicep").parameters["personalRetentionDays"].decorators["allowed"]
    assert all(age == 0 or age > DATE_DAYS + 30 for age in ages)


def test_an_immutability_policy_is_on_snapshots_without_personal_data_alone(infra: Infra) -> None:
    assert not infra.deploy().has("writeOnce")
    policy = infra.deploy(immutabilityDays=3650).one("writeOnce")
    assert policy.body["parent"].name.rpartition("/")[2] == blobs.USAGE
    assert policy.properties["immutabilityPeriodSinceCreationInDays"] == 3650
    assert policy.properties["allowProtectedAppendWrites"] is False


def test_a_lock_keeps_the_archive_unless_it_is_not_wanted(infra: Infra) -> None:
    lock = infra.deploy().one("lock")
    assert lock.body["scope"].symbol == "archive"
    assert lock.properties["level"] == "CanNotDelete"
    assert not infra.deploy(lockArchive=False).has("lock")


def test_whoever_touches_the_archive_is_logged_if_wanted(infra: Infra) -> None:
    assert not infra.deploy().has("audit")
    audit = infra.deploy(auditArchive=True).one("audit")
    assert audit.body["scope"].symbol == "archiveBlobs"
    assert {each["category"] for each in audit.properties["logs"] if each["enabled"]} == {
        "StorageRead",
        "StorageWrite",
        "StorageDelete",
    }


# -- permissions -------------------------------------------------------------------------------------------------------


def test_the_app_may_do_this_and_nothing_else(infra: Infra) -> None:
    for deployed in both(infra):
        grants = [(role_of(each), each.body["scope"].symbol, each.body["scope"].type) for each in deployed.all(ROLE)]
        assert sorted(grants) == sorted(
            [
                (BLOB_DATA_OWNER, "host", ACCOUNT),
                *[(BLOB_DATA_CONTRIBUTOR, "containers", CONTAINER)] * 4,
                (METRICS_PUBLISHER, "insights", "Microsoft.Insights/components"),
            ]
        )


def test_every_permission_is_the_apps_own_and_named_so_that_deploying_again_is_safe(infra: Infra) -> None:
    for assignment in infra.deploy().all(ROLE):
        principal = assignment.properties["principalId"]
        assert principal == "<identity.properties.principalId>"
        assert assignment.properties["principalType"] == "ServicePrincipal"
        assert assignment.name == _guid(assignment.body["scope"].id, principal, role_of(assignment))


def test_the_app_is_made_after_its_permissions(infra: Infra) -> None:
    deployed = infra.deploy(**EVERY_OPTION)
    granting = {each.path[1] for each in deployed.resources if each.type in (ROLE, "Microsoft.Graph/appRoleAssignedTo")}
    assert granting == {"storage", "monitoring", "graphPermissions"}
    assert deployed.one("site").waits_for >= granting


def test_graph_is_granted_if_wanted_and_nothing_but_reports(infra: Infra) -> None:
    assert not infra.deploy().has("grant")
    grant = infra.deploy(grantGraphPermissions=True).one("grant")
    assert grant.body["principalId"] == "<identity.properties.principalId>"
    assert "'Reports.Read.All'" in grant.body["appRoleId"]
    assert "00000003-0000-0000-c000-000000000000" in infra.text("graph-permissions.bicep")
    assert json.loads(infra.text("bicepconfig.json"))["extensions"] == {
        "microsoftGraphV1": "br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0"
    }


# -- the function app --------------------------------------------------------------------------------------------------


def test_the_plan_is_flex_consumption_on_linux(infra: Infra) -> None:
    plan = infra.deploy().one("plan")
    assert plan.body["sku"] == {"name": "FC1", "tier": "FlexConsumption"}
    assert plan.properties["reserved"] is True
    assert infra.deploy().one("site").body["kind"] == "functionapp,linux"


def test_the_app_is_reached_by_tls_alone_and_deployed_to_without_a_password(infra: Infra) -> None:
    deployed = infra.deploy()
    site = deployed.one("site").properties
    assert site["httpsOnly"] is True
    assert site["siteConfig"]["minTlsVersion"] == site["siteConfig"]["scmMinTlsVersion"] == "1.2"
    assert site["siteConfig"]["ftpsState"] == "Disabled"
    publishing = deployed.all("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {each.name.rpartition("/")[2]: each.properties["allow"] for each in publishing} == {
        "ftp": False,
        "scm": False,
    }


def test_the_app_has_one_identity_and_uses_it_for_everything(infra: Infra) -> None:
    deployed = infra.deploy()
    identity = deployed.one("identity").id
    assert deployed.one("site").body["identity"] == {
        "type": "UserAssigned",
        "userAssignedIdentities": {identity: {}},
    }
    package = deployed.one("site").properties["functionAppConfig"]["deployment"]["storage"]
    assert package["authentication"] == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": identity,
    }
    settings = deployed.settings
    assert settings["AZURE_CLIENT_ID"] == settings["AzureWebJobsStorage__clientId"]
    assert (
        settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
        == f"ClientId={settings['AZURE_CLIENT_ID']};Authorization=AAD"
    )


def test_the_runtime_is_the_python_that_the_tests_run_on(infra: Infra) -> None:
    runtime = infra.deploy().one("site").properties["functionAppConfig"]["runtime"]
    assert runtime == {"name": "python", "version": "3.13"}
    assert 'python_version >= "3.13"' in (ROOT / "requirements.txt").read_text("utf-8")
    for workflow in ROOT.glob(".github/workflows/*.yml"):
        if versions := re.findall(r"python-version: *(.+)", workflow.read_text("utf-8")):
            assert any("3.13" in each or "matrix" in each for each in versions), workflow


def test_an_instance_answers_many_requests_and_has_a_thread_for_each(infra: Infra) -> None:
    deployed = infra.deploy(httpConcurrency=7)
    scale = deployed.one("site").properties["functionAppConfig"]["scaleAndConcurrency"]
    assert scale["triggers"]["http"]["perInstanceConcurrency"] == 7
    assert deployed.settings["PYTHON_THREADPOOL_THREAD_COUNT"] == "7"


def test_azd_finds_the_app_and_its_group(infra: Infra) -> None:
    deployed = infra.deploy()
    assert deployed.one("site").body["tags"] == {"azd-service-name": "api"}
    assert deployed.one("group").body["tags"] == {"azd-env-name": "usage"}
    assert "  api:" in (ROOT / "azure.yaml").read_text("utf-8")


def test_the_longest_name_allowed_fits_everywhere(infra: Infra) -> None:
    deployed = infra.deploy(name="n" * 16, alertEmail="owner@contoso.com")
    assert len(deployed.one("site").name) <= 32
    assert all(re.fullmatch(r"[a-z0-9]{3,24}", account.name) for account in deployed.all(ACCOUNT))
    assert len(deployed.one("plan").name) <= 40
    assert len(deployed.one("people").properties["groupShortName"]) <= 12


# -- app settings ------------------------------------------------------------------------------------------------------


def test_every_setting_of_the_app_is_set_and_no_other(infra: Infra) -> None:
    known = {setting.name for setting in SETTINGS}
    assert infra.deploy().settings.keys() == PLATFORM | known - NOT_IN_AZURE


def test_the_defaults_are_those_of_the_app(infra: Infra) -> None:
    settings = infra.deploy().settings
    defaults = {each.name: each.default for each in SETTINGS if each.default is not None}
    for name in ("PULL_SCHEDULE", "REPORTS", "GRAPH_ENDPOINT", "GRAPH_VERSION", "DOWNLOAD_HOSTS"):
        assert settings[name] == defaults[name]


def test_the_host_reaches_its_storage_by_identity_and_address(infra: Infra) -> None:
    settings = infra.deploy().settings
    assert settings["AzureWebJobsStorage__credential"] == "managedidentity"
    for kind in ("blob", "queue", "table"):
        assert settings[f"AzureWebJobsStorage__{kind}ServiceUri"] == f"<host.properties.primaryEndpoints.{kind}>"


def test_nothing_is_set_that_flex_consumption_refuses(infra: Infra) -> None:
    deployed = infra.deploy(**EVERY_OPTION)
    assert not NOT_ON_FLEX & deployed.settings.keys()
    assert not {"linuxFxVersion", "alwaysOn", "healthCheckPath"} & deployed.one("site").properties["siteConfig"].keys()


@pytest.mark.parametrize(
    ("azure", "cloud", "endpoint", "version"),
    [
        ("AzureCloud", "auto", "https://graph.microsoft.com", "v1.0"),
        ("AzureUSGovernment", "auto", "https://graph.microsoft.us", "beta"),
        ("AzureUSGovernment", "dod", "https://dod-graph.microsoft.us", "beta"),
        ("AzureChinaCloud", "auto", "https://microsoftgraph.chinacloudapi.cn", "beta"),
        ("AzureUSGovernment", "global", "https://graph.microsoft.com", "v1.0"),
    ],
)
def test_graph_is_that_of_the_cloud(infra: Infra, azure: str, cloud: str, endpoint: str, version: str) -> None:
    settings = infra.deploy(azure, cloud=cloud).settings
    assert (settings["GRAPH_ENDPOINT"], settings["GRAPH_VERSION"]) == (endpoint, version)
    assert version in GRAPH_VERSIONS


# -- options -----------------------------------------------------------------------------------------------------------


def test_storage_is_open_to_whoever_has_a_role_unless_the_network_is_private(infra: Infra) -> None:
    deployed = infra.deploy()
    assert {account.properties["publicNetworkAccess"] for account in deployed.all(ACCOUNT)} == {"Enabled"}
    assert not deployed.all("Microsoft.Network/virtualNetworks")
    assert deployed.one("site").properties["virtualNetworkSubnetId"] is None


@pytest.mark.parametrize(
    ("azure", "zone"),
    [
        ("AzureCloud", "privatelink.blob.core.windows.net"),
        ("AzureUSGovernment", "privatelink.blob.core.usgovcloudapi.net"),
        ("AzureChinaCloud", "privatelink.blob.core.chinacloudapi.cn"),
    ],
)
def test_a_private_network_closes_both_accounts_and_has_an_endpoint_for_each(
    infra: Infra, azure: str, zone: str
) -> None:
    deployed = infra.deploy(azure, privateNetwork=True)
    accounts = deployed.all(ACCOUNT)
    for account in accounts:
        assert account.properties["publicNetworkAccess"] == "Disabled"
        assert account.properties["networkAcls"] == {"defaultAction": "Deny", "bypass": "None"}
    endpoints = [each.properties for each in deployed.all("Microsoft.Network/privateEndpoints")]
    links = [each["privateLinkServiceConnections"][0]["properties"] for each in endpoints]
    assert {each["privateLinkServiceId"] for each in links} == {account.id for account in accounts}
    assert all(each["groupIds"] == ["blob"] for each in links)
    assert {each["subnet"]["id"].rpartition("/")[2] for each in endpoints} == {"endpoints"}
    assert deployed.one("zone").name == zone
    assert len(deployed.all("Microsoft.Network/privateEndpoints/privateDnsZoneGroups")) == 2
    assert deployed.one("link").properties["virtualNetwork"]["id"] == deployed.one("vnet").id


def test_the_app_sends_all_its_traffic_through_a_subnet_of_its_own(infra: Infra) -> None:
    deployed = infra.deploy(privateNetwork=True)
    site, vnet = deployed.one("site").properties, deployed.one("vnet")
    assert site["virtualNetworkSubnetId"] == f"{vnet.id}/subnets/app"
    assert site["outboundVnetRouting"] == {"allTraffic": True}
    app, endpoints = (each["properties"] for each in vnet.properties["subnets"])
    assert [each["properties"]["serviceName"] for each in app["delegations"]] == ["Microsoft.App/environments"]
    assert app["addressPrefix"] != endpoints["addressPrefix"]


def test_zones_are_for_the_plan_and_the_hosts_storage(infra: Infra) -> None:
    def of(deployed: Deployed) -> tuple[Any, Any]:
        return deployed.one("plan").properties["zoneRedundant"], deployed.one("host").body["sku"]["name"]

    assert of(infra.deploy()) == (False, "Standard_LRS")
    assert of(infra.deploy(zoneRedundant=True)) == (True, "Standard_ZRS")


def test_callers_bring_a_key_unless_entra_signs_them_in(infra: Infra) -> None:
    assert infra.deploy().settings["HTTP_AUTH_LEVEL"] == "FUNCTION"
    assert not infra.deploy().has("auth")


def test_entra_lets_in_nobody_without_a_token_for_this_app(infra: Infra) -> None:
    deployed = infra.deploy(entraClientId=CLIENT, entraHost="reports.contoso.com")
    properties = deployed.one("auth").properties
    assert properties["platform"]["enabled"] is True
    assert properties["globalValidation"] == {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        "excludedPaths": ["/api/health"],
    }
    entra = properties["identityProviders"]["azureActiveDirectory"]
    assert entra["registration"]["clientId"] == CLIENT
    audiences = {CLIENT, f"api://{CLIENT}", "https://reports.contoso.com"}
    assert set(entra["validation"]["allowedAudiences"]) == audiences
    allowed = entra["validation"]["defaultAuthorizationPolicy"]["allowedApplications"]
    assert set(allowed) == {CLIENT} | POWER_QUERY


@pytest.mark.parametrize(
    ("azure", "issuer"),
    [
        ("AzureCloud", "https://login.microsoftonline.com/TENANT/v2.0"),
        ("AzureUSGovernment", "https://login.microsoftonline.us/TENANT/v2.0"),
        ("AzureChinaCloud", "https://login.chinacloudapi.cn/TENANT/v2.0"),
    ],
)
def test_entra_is_that_of_the_cloud(infra: Infra, azure: str, issuer: str) -> None:
    entra = infra.deploy(azure, entraClientId=CLIENT).one("auth").properties["identityProviders"]
    assert entra["azureActiveDirectory"]["registration"]["openIdIssuer"] == issuer


def test_callers_without_a_key_are_let_in_only_once_entra_guards_the_door(infra: Infra) -> None:
    deployed = infra.deploy(entraClientId=CLIENT)
    assert deployed.settings["HTTP_AUTH_LEVEL"] == "ANONYMOUS"
    assert "entraAuth" in deployed.one("settings").waits_for


# -- monitoring --------------------------------------------------------------------------------------------------------


def test_nobody_logs_with_a_key(infra: Infra) -> None:
    deployed = infra.deploy()
    assert deployed.one("insights").properties["DisableLocalAuth"] is True
    assert deployed.one("workspace").properties["features"] == {"disableLocalAuth": True}


def test_the_alarms_are_there_with_and_without_somebody_to_mail(infra: Infra) -> None:
    rules = infra.deploy().all("Microsoft.Insights/scheduledQueryRules")
    assert len(rules) == 6
    assert all(rule.properties["actions"]["actionGroups"] == [] for rule in rules)
    deployed = infra.deploy(alertEmail="owner@contoso.com")
    (receiver,) = deployed.one("people").properties["emailReceivers"]
    assert receiver["emailAddress"] == "owner@contoso.com"
    for rule in deployed.all("Microsoft.Insights/scheduledQueryRules"):
        assert rule.properties["actions"]["actionGroups"] == [deployed.one("people").id]


def test_every_alarm_watches_the_app_and_says_what_is_wrong(infra: Infra) -> None:
    deployed = infra.deploy()
    for rule in deployed.all("Microsoft.Insights/scheduledQueryRules"):
        properties = rule.properties
        assert properties["scopes"] == [deployed.one("insights").id]
        assert properties["enabled"] is True
        assert properties["autoMitigate"] is True
        assert properties["skipQueryValidation"] is True
        assert properties["windowSize"] in ("PT15M", "P1D", "P2D")  # no longer one is possible
        assert properties["description"].endswith(".")


def test_the_alarm_for_single_days_leaves_a_week(infra: Infra) -> None:
    assert f"ago({DATE_DAYS - 7}d)" in infra.text("alarms.bicep")


def test_the_tolerance_for_staleness_is_a_parameter(infra: Infra) -> None:
    rules = infra.deploy(staleAfterDays=21).all("Microsoft.Insights/scheduledQueryRules")
    (stale,) = (rule for rule in rules if rule.name.endswith("stale"))
    assert stale.properties["criteria"]["allOf"][0]["query"].startswith("let tolerance = 21d;\ntraces\n")


def test_the_workbook_asks_for_events_that_the_app_has(infra: Infra) -> None:
    workbook = infra.deploy().one("workbook")
    content = json.loads(workbook.properties["serializedData"])
    assert content["fallbackResourceIds"] == [workbook.properties["sourceId"]]
    queries = [item["content"]["query"] for item in content["items"] if item["type"] == 3]
    asked = {name for query in queries for name in re.findall(r"startswith '([^']+)'", query)}
    assert asked <= {value for name, value in vars(events).items() if name.isupper()}
    assert {events.PULL, events.LOST, events.RUN_FAILED} <= asked


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"name": "n" * 17}, id="name too long"),
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"cloud": "germany"}, id="unknown cloud"),
        pytest.param({"entraClientId": "reports"}, id="Entra without a client id"),
        pytest.param({"entraClientId": CLIENT + "0"}, id="client id too long"),
        pytest.param({"personalRetentionDays": 7}, id="retention shorter than what is pulled again"),
        pytest.param({"immutabilityDays": -1}, id="negative days"),
        pytest.param({"instanceMemoryMB": 1024}, id="no such memory"),
        pytest.param({"maximumInstanceCount": 10}, id="too few instances"),
        pytest.param({"httpConcurrency": 0}, id="no concurrency"),
        pytest.param({"staleAfterDays": 1}, id="stale before it can be fresh"),
        pytest.param({"archiveSku": "Premium_LRS"}, id="no such redundancy"),
        pytest.param({"privateNetwork": "yes"}, id="not a bool"),
        pytest.param({"secret": "x"}, id="unknown parameter"),
    ],
)
def test_the_template_refuses(infra: Infra, given: dict[str, Any]) -> None:
    with pytest.raises(BicepError):
        infra.deploy(**given)


def test_the_template_refuses_a_cloud_of_azure_that_it_does_not_know(infra: Infra) -> None:
    with pytest.raises(BicepError):
        infra.deploy("AzureGermanCloud")


def test_the_app_deploys_alone_into_a_group_that_is_there(infra: Infra) -> None:
    alone = Deployment(infra.template("app.bicep"), {"name": "usage"}, group="theirs")
    assert {resource.id.split("/")[4] for resource in alone.resources} == {"theirs"}
    assert Path(infra.folder / "main.bicep").is_file()
