"""The rules of `test_template.py` have teeth: each fault here, put into a copy of the templates, breaks its rule."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.unit.infra import test_template
from tests.unit.infra.compiler import Compiler
from tests.unit.infra.template import INFRA, Infra
from tests.unit.seeded_faults import Fault, is_broken, parameters, rules, seeded

FAULTS = {
    "the compiler has nothing against it": [
        Fault("app.bicep", "if (withEntra)", "if (withEntra"),
        Fault("app.bicep", "storage.outputs.archiveUrl", "storage.outputs.archive"),
        Fault("app.bicep", "take(token, 10)", "shorten(token, 10)"),
        Fault("app.bicep", "network.?outputs.appSubnetId", "network.?outputs.subnet"),
        Fault("app.bicep", "network.?outputs.appSubnetId", "network.outputs.appSubnetId"),
    ],
    "every_file_and_every_kind_of_resource_is_part_of_the_whole": [
        Fault("monitoring.bicep", "module alarms 'alarms.bicep' = {", "module alarms 'alarms.bicep' = if (false) {"),
    ],
    "every_parameter_says_what_it_means": [
        Fault("network.bicep", "@description('Ids of the storage accounts.')\n", ""),
    ],
    "main_takes_what_the_app_takes_with_the_same_limits_and_defaults": [
        Fault("app.bicep", "@maxLength(16)", "@maxLength(20)"),
        Fault("main.bicep", "param httpConcurrency int = 16", "param httpConcurrency int = 8"),
    ],
    "values_outside_these_limits_are_refused": [
        Fault("entra-auth.bicep", "@minLength(36)\n", ""),
        Fault("app.bicep", "@minValue(40)\n", ""),
    ],
    "no_age_is_so_short_that_the_app_would_pull_a_day_again": [
        Fault("app.bicep", "@allowed([0, 90,", "@allowed([0, 14, 90,"),
    ],
    "the_app_deploys_alone_into_a_group_that_is_there": [
        Fault("app.bicep", "param location string = resourceGroup().location", "param location string"),
    ],
    "no_version_of_a_type_is_a_preview_but_the_one_that_has_no_other": [
        Fault("monitoring.bicep", "components@2020-02-02", "components@2020-02-02-preview"),
    ],
    "no_key_is_ever_asked_for_and_no_address_of_one_cloud_written_down": [
        Fault("storage.bicep", "string = host.id", "string = host.listKeys().keys[0].value"),
        Fault("network.bicep", "${environment().suffixes.storage}", "core.windows.net"),
    ],
    "nobody has a key to an account, and nothing in it is public": [
        Fault("storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
        Fault("storage.bicep", "allowBlobPublicAccess: false", "allowBlobPublicAccess: true"),
        Fault("storage.bicep", "'TLS1_2'", "'TLS1_0'"),
        Fault("storage.bicep", "supportsHttpsTrafficOnly: true", "supportsHttpsTrafficOnly: false"),
        Fault("storage.bicep", "minimumTlsVersion:", "isHnsEnabled: true\n  minimumTlsVersion:"),
    ],
    "no container is public": [
        Fault("storage.bicep", "name: container\n    properties: { publicAccess: 'None' }", "name: container"),
        Fault("storage.bicep", "{ publicAccess: 'None' }", "{ publicAccess: 'Blob' }"),
    ],
    "the_archive_has_the_containers_that_the_app_writes_to": [
        Fault("storage.bicep", "'usage-personal', 'usage-q", "'usage-people', 'usage-q"),
        Fault("app.bicep", "ARCHIVE_URL: storage.outputs.archiveUrl", "ARCHIVE_URL: storage.outputs.hostBlobUrl"),
    ],
    "what is deleted or overwritten in the archive can be brought back": [
        Fault("storage.bicep", "isVersioningEnabled: true", "isVersioningEnabled: false"),
        Fault("storage.bicep", "param softDeleteDays int = 30", "param softDeleteDays int = 7"),
    ],
    "snapshots_without_personal_data_are_never_deleted_or_moved": [
        Fault("storage.bicep", "prefixMatch: ['usage-personal/']", "prefixMatch: ['usage']"),
    ],
    "the_archive_can_always_be_read_at_once": [
        Fault("storage.bicep", "tierToCold", "tierToArchive"),
    ],
    "rules_for_versions_come_after_versioning": [
        Fault("storage.bicep", "dependsOn: [archiveBlobs]", "dependsOn: []"),
    ],
    "personal_snapshots_and_their_versions_are_deleted_at_the_age_given_or_kept": [
        Fault("storage.bicep", "personalRetentionDays > 0 ? [", "personalRetentionDays > -1 ? ["),
        Fault(
            "storage.bicep",
            "version: { delete: { daysAfterCreationGreaterThan: personalRetentionDays } }",
            "version: { delete: { daysAfterCreationGreaterThan: 3650 } }",
        ),
    ],
    "there is no immutability policy by default": [
        Fault("storage.bicep", "if (immutabilityDays > 0)", "if (immutabilityDays > -1)"),
    ],
    "an immutability policy is on snapshots without personal data alone": [
        Fault("storage.bicep", "parent: containers[0]", "parent: containers[1]"),
        Fault("storage.bicep", "allowProtectedAppendWrites: false", "allowProtectedAppendWrites: true"),
    ],
    "a lock keeps the archive": [
        Fault("storage.bicep", "scope: archive\n", "scope: host\n"),
        Fault("main.bicep", "param lockArchive bool = true", "param lockArchive bool = false"),
    ],
    "there is no lock if it is not wanted": [
        Fault("storage.bicep", "if (lockArchive)", "if (lockArchive || !empty(token))"),
    ],
    "nobody logs who touches the archive by default": [
        Fault("app.bicep", "auditArchive ? monitoring", "auditArchive || !empty(token) ? monitoring"),
    ],
    "whoever touches the archive is logged if wanted": [
        Fault("storage.bicep", "category: 'StorageRead', enabled: true", "category: 'StorageRead', enabled: false"),
        Fault("storage.bicep", "scope: archiveBlobs", "scope: hostBlobs"),
    ],
    "the_app_may_do_this_and_nothing_else": [
        Fault("storage.bicep", "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),
        Fault("storage.bicep", "scope: containers[i]", "scope: archive"),
        Fault("monitoring.bicep", "3913510d-42f4-4e42-8a64-420c390055eb", "3913510d-42f4-4e42-8a64-420c390055ec"),
    ],
    "every_permission_is_the_apps_own_and_named_so_that_deploying_again_is_safe": [
        Fault("storage.bicep", "guid(containers[i].id, principalId,", "guid(archive.id, principalId,"),
    ],
    "the_app_is_made_after_its_permissions": [
        Fault("app.bicep", "dependsOn: [graphPermissions, monitoring]", "dependsOn: [monitoring]"),
    ],
    "nothing is granted in Graph by default": [
        Fault("app.bicep", "if (grantGraphPermissions)", "if (!grantGraphPermissions)"),
    ],
    "what_is_granted_in_graph_is_to_read_reports_and_nothing_else": [
        Fault("graph-permissions.bicep", "'Reports.Read.All'", "'Directory.ReadWrite.All'"),
    ],
    "the plan is Flex Consumption on Linux": [
        Fault("app.bicep", "'FC1'", "'Y1'"),
    ],
    "the app is reached by TLS alone, and nothing is set that Flex Consumption refuses": [
        Fault("app.bicep", "httpsOnly: true", "httpsOnly: false"),
        Fault("app.bicep", "ftpsState: 'Disabled'", "ftpsState: 'AllAllowed'"),
        Fault("app.bicep", "http20Enabled: true", "http20Enabled: true\n      alwaysOn: true"),
    ],
    "nobody deploys with a password, by FTP or SCM": [
        Fault("app.bicep", "for kind in ['ftp', 'scm']", "for kind in ['ftp']"),
        Fault("app.bicep", "allow: false", "allow: true"),
    ],
    "the_app_has_one_identity_and_uses_it_for_everything": [
        Fault("app.bicep", "type: 'UserAssigned'", "type: 'SystemAssigned'"),
        Fault(
            "app.bicep",
            "AZURE_CLIENT_ID: identity.properties.clientId",
            "AZURE_CLIENT_ID: identity.properties.principalId",
        ),
    ],
    "the runtime is Python 3.13": [
        Fault("app.bicep", "version: '3.13'", "version: '3.12'"),
    ],
    "the_runtime_is_the_python_that_the_tests_run_on": [
        Fault("app.bicep", "version: '3.13'", "version: '3.10'"),
    ],
    "an instance answers many requests": [
        Fault("app.bicep", "triggers: { http: { perInstanceConcurrency: httpConcurrency } }", ""),
    ],
    "an instance has a thread for each request": [
        Fault("app.bicep", "string(httpConcurrency)", "'16'"),
    ],
    "azd finds the app": [
        Fault("app.bicep", "'azd-service-name': 'api'", "'azd-service-name': 'web'"),
    ],
    "azd finds the group": [
        Fault("main.bicep", "'azd-env-name': name", "'azd-env-name': location"),
    ],
    "the_longest_name_allowed_fits_everywhere": [
        Fault("app.bicep", "take(token, 10)", "token"),
    ],
    "every_setting_of_the_app_is_set_and_no_other": [
        Fault("app.bicep", "    AZURE_CLIENT_ID: identity.properties.clientId\n", ""),
        Fault("app.bicep", "    DOWNLOAD_HOSTS:", "    DOWNLOAD_HOST:"),
        Fault("app.bicep", "    REPORTS: reports\n", "    REPORTS: reports\n    WEBSITE_TIME_ZONE: 'UTC'\n"),
    ],
    "the_defaults_are_those_of_the_app": [
        Fault("main.bicep", "'0 15 1,7,13,19 * * *'", "'* 15 1,7,13,19 * * *'"),
    ],
    "the_host_reaches_its_storage_by_identity_and_address": [
        Fault(
            "app.bicep",
            "__queueServiceUri: storage.outputs.hostQueueUrl",
            "__queueServiceUri: storage.outputs.hostBlobUrl",
        ),
    ],
    "graph_is_that_of_the_cloud": [
        Fault("app.bicep", "graph.microsoft.us', graphVersion: 'beta'", "graph.microsoft.us', graphVersion: 'v1.0'"),
        Fault("app.bicep", "  AzureChinaCloud: 'china'", "  AzureChinaCloud: 'china'\n  AzureGermanCloud: 'global'"),
    ],
    "Graph is that of the US Government cloud where it is chosen": [
        Fault("app.bicep", "cloud == 'auto' ?", "cloud != 'dod' ?"),
    ],
    "storage is open to whoever has a role": [
        Fault("storage.bicep", "closed ? 'Disabled' : 'Enabled'", "'Disabled'"),
    ],
    "there is no network by default": [
        Fault("app.bicep", "'network.bicep' = if (privateNetwork)", "'network.bicep' = if (!privateNetwork)"),
    ],
    "a private network closes both accounts": [
        Fault("storage.bicep", "closed ? 'Deny' : 'Allow'", "'Allow'"),
    ],
    "a_private_network_has_an_endpoint_for_each_account": [
        Fault("app.bicep", "[storage.outputs.hostId, storage.outputs.archiveId]", "[storage.outputs.archiveId]"),
    ],
    "both private endpoints have a name in the zone of the cloud": [
        Fault("network.bicep", "for (id, i) in accountIds:", "for (id, i) in take(accountIds, 1):"),
    ],
    "the zone is that of the cloud": [
        Fault("network.bicep", "environment().suffixes.storage", "location"),
    ],
    "the_app_has_a_subnet_of_its_own_in_a_private_network_alone": [
        Fault("network.bicep", "Microsoft.App/environments", "Microsoft.Web/serverFarms"),
    ],
    "all traffic of the app goes through a private network if there is one": [
        Fault("app.bicep", "allTraffic: privateNetwork", "allTraffic: false"),
    ],
    "zones are for the plan if wanted": [
        Fault("app.bicep", "zoneRedundant: zoneRedundant }", "zoneRedundant: false }"),
    ],
    "zones are not for the plan by default": [
        Fault("app.bicep", "zoneRedundant: zoneRedundant }", "zoneRedundant: true }"),
    ],
    "zones are for the host's storage if wanted": [
        Fault("app.bicep", "zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'", "'Standard_LRS'"),
    ],
    "zones are not for the host's storage by default": [
        Fault("app.bicep", "zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'", "'Standard_ZRS'"),
    ],
    "callers bring a key unless Entra signs them in": [
        Fault("app.bicep", "withEntra ? 'ANONYMOUS' : 'FUNCTION'", "'ANONYMOUS'"),
    ],
    "callers need no key if Entra signs them in": [
        Fault("app.bicep", "withEntra ? 'ANONYMOUS' : 'FUNCTION'", "'FUNCTION'"),
    ],
    "Entra guards no door by default": [
        Fault("app.bicep", "'entra-auth.bicep' = if (withEntra)", "'entra-auth.bicep' = if (!withEntra)"),
    ],
    "Entra lets in nobody without a token": [
        Fault("entra-auth.bicep", "requireAuthentication: true", "requireAuthentication: false"),
        Fault("entra-auth.bicep", "'Return401'", "'RedirectToLoginPage'"),
        Fault("entra-auth.bicep", "excludedPaths: ['/api/health']", "excludedPaths: ['/api/*']"),
    ],
    "entra_takes_tokens_for_this_app_from_its_tenant_of_the_cloud_for_power_query_too": [
        Fault("entra-auth.bicep", "tenant().tenantId", "'common'"),
        Fault("entra-auth.bicep", "empty(host) ? []", "!empty(host) ? []"),
    ],
    "callers_without_a_key_are_let_in_only_once_entra_guards_the_door": [
        Fault("app.bicep", "dependsOn: [entraAuth]", "dependsOn: []"),
    ],
    "nobody logs with a key": [
        Fault("monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false"),
    ],
    "nobody reads the log with a key": [
        Fault("monitoring.bicep", "disableLocalAuth: true", "disableLocalAuth: false"),
    ],
    "every alarm goes out by itself, and mails nobody by default": [
        Fault("alarms.bicep", "enabled: true", "enabled: false"),
    ],
    "somebody to mail is mailed": [
        Fault("monitoring.bicep", "enabled: true", "enabled: false"),
    ],
    "every_alarm_watches_the_app_and_says_to_somebody_what_is_wrong": [
        Fault("monitoring.bicep", "empty(alertEmail) ? [] : [people.id]", "[]"),
        Fault("alarms.bicep", "window: 'P2D'", "window: 'P7D'"),
    ],
    "the_alarm_for_single_days_leaves_a_week": [
        Fault("alarms.bicep", "ago(20d)", "ago(26d)"),
    ],
    "the_tolerance_for_staleness_is_a_parameter": [
        Fault("alarms.bicep", "${staleAfterDays}d;", "10d;"),
    ],
    "the_workbook_asks_for_events_that_the_app_has": [
        Fault("workbook.json", "startswith 'archive.lost'", "startswith 'archive.gone'"),
    ],
}

pytestmark = pytest.mark.long

RULES = rules(test_template)
HAVE = RULES.pop("resources_have_what_they_must_have")
RULES |= {rule["why"]: partial(HAVE, rule=rule) for rule in test_template.REQUIRED}
RULES["the compiler has nothing against it"] = lambda infra: infra.read("main")


def compiled(bicep: Compiler, folder: Path) -> Infra:
    """Return the templates of the folder `infra` there, as the compiler sees them now."""
    bicep.prepare(folder / "infra", folder / "work")
    return Infra(folder / "infra", partial(bicep.read, folder / "work"))


@pytest.mark.parametrize(("rule", "fault"), parameters(FAULTS))
def test_a_fault_breaks_its_rule(bicep: Compiler, rule: str, fault: Fault, tmp_path: Path) -> None:
    shutil.copytree(INFRA, tmp_path / "infra")
    with seeded(fault, tmp_path / "infra"):
        assert is_broken(RULES[rule], compiled(bicep, tmp_path))


def test_every_rule_has_a_fault_against_it() -> None:
    assert set(RULES) == set(FAULTS)


def test_a_template_without_a_fault_breaks_no_rule(bicep: Compiler, tmp_path: Path) -> None:
    shutil.copytree(INFRA, tmp_path / "infra")
    infra = compiled(bicep, tmp_path)
    assert not [name for name, rule in RULES.items() if is_broken(rule, infra)]
