"""The rules of `test_template.py` have teeth: each fault here, put into a copy of the templates, breaks its rule."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.infra import test_template
from tests.unit.infra.template import INFRA, Infra

pytestmark = pytest.mark.long


class Fault(NamedTuple):
    file: str
    old: str
    new: str


FAULTS = {
    "any_options_go_together": [
        Fault("app.bicep", "if (withEntra)", "if (withEntra"),
        Fault("app.bicep", "storage.outputs.archiveUrl", "storage.outputs.archive"),
        Fault("app.bicep", "take(token, 10)", "shorten(token, 10)"),
        Fault("app.bicep", "network.?outputs.appSubnetId", "network.?outputs.subnet"),
    ],
    "every_file_is_part_of_the_whole": [
        Fault("monitoring.bicep", "module alarms 'alarms.bicep' = {", "module alarms 'alarms.bicep' = if (false) {"),
    ],
    "every_parameter_says_what_it_means": [
        Fault("network.bicep", "@description('Ids of the storage accounts.')\n", ""),
    ],
    "main_takes_what_the_app_takes_with_the_same_limits_and_defaults": [
        Fault("app.bicep", "@maxLength(16)", "@maxLength(20)"),
        Fault("main.bicep", "param httpConcurrency int = 16", "param httpConcurrency int = 8"),
    ],
    "no_version_of_a_type_is_a_preview_but_the_one_that_has_no_other": [
        Fault("monitoring.bicep", "components@2020-02-02", "components@2020-02-02-preview"),
    ],
    "no_key_is_ever_asked_for_and_no_address_of_one_cloud_written_down": [
        Fault("storage.bicep", "string = host.id", "string = host.listKeys().keys[0].value"),
        Fault("network.bicep", "${environment().suffixes.storage}", "core.windows.net"),
    ],
    "nobody_has_a_key_to_an_account_and_nothing_in_it_is_public": [
        Fault("storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
        Fault("storage.bicep", "allowBlobPublicAccess: false", "allowBlobPublicAccess: true"),
        Fault("storage.bicep", "'TLS1_2'", "'TLS1_0'"),
        Fault("storage.bicep", "supportsHttpsTrafficOnly: true", "supportsHttpsTrafficOnly: false"),
    ],
    "no_container_is_public": [
        Fault(
            "storage.bicep",
            "name: container\n    properties: { publicAccess: 'None' }",
            "name: container\n    properties: { publicAccess: 'Blob' }",
        ),
    ],
    "the_archive_has_the_containers_that_the_app_writes_to": [
        Fault("storage.bicep", "'usage-personal', 'usage-q", "'usage-people', 'usage-q"),
        Fault("app.bicep", "ARCHIVE_URL: storage.outputs.archiveUrl", "ARCHIVE_URL: storage.outputs.hostBlobUrl"),
    ],
    "what_is_deleted_or_overwritten_in_the_archive_can_be_brought_back": [
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
    "personal_snapshots_are_kept_unless_an_age_is_given": [
        Fault("storage.bicep", "personalRetentionDays > 0 ? [", "personalRetentionDays > -1 ? ["),
    ],
    "personal_snapshots_and_their_versions_are_deleted_at_the_age_given": [
        Fault(
            "storage.bicep",
            "version: { delete: { daysAfterCreationGreaterThan: personalRetentionDays } }",
            "version: { delete: { daysAfterCreationGreaterThan: 3650 } }",
        ),
    ],
    "no_age_is_so_short_that_the_app_would_pull_a_day_again": [
        Fault("app.bicep", "@allowed([0, 90,", "@allowed([0, 14, 90,"),
    ],
    "an_immutability_policy_is_on_snapshots_without_personal_data_alone": [
        Fault("storage.bicep", "parent: containers[0]", "parent: containers[1]"),
        Fault("storage.bicep", "if (immutabilityDays > 0)", "if (immutabilityDays > -1)"),
    ],
    "a_lock_keeps_the_archive_unless_it_is_not_wanted": [
        Fault("storage.bicep", "scope: archive\n", "scope: host\n"),
        Fault("main.bicep", "param lockArchive bool = true", "param lockArchive bool = false"),
    ],
    "whoever_touches_the_archive_is_logged_if_wanted": [
        Fault("storage.bicep", "category: 'StorageRead', enabled: true", "category: 'StorageRead', enabled: false"),
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
    "graph_is_granted_if_wanted_and_nothing_but_reports": [
        Fault("app.bicep", "if (grantGraphPermissions)", "if (!grantGraphPermissions)"),
        Fault("graph-permissions.bicep", "'Reports.Read.All'", "'Directory.ReadWrite.All'"),
    ],
    "the_plan_is_flex_consumption_on_linux": [
        Fault("app.bicep", "'FC1'", "'Y1'"),
    ],
    "the_app_is_reached_by_tls_alone_and_deployed_to_without_a_password": [
        Fault("app.bicep", "httpsOnly: true", "httpsOnly: false"),
        Fault("app.bicep", "ftpsState: 'Disabled'", "ftpsState: 'AllAllowed'"),
        Fault("app.bicep", "for kind in ['ftp', 'scm']", "for kind in ['ftp']"),
    ],
    "the_app_has_one_identity_and_uses_it_for_everything": [
        Fault("app.bicep", "type: 'UserAssigned'", "type: 'SystemAssigned'"),
        Fault(
            "app.bicep",
            "AZURE_CLIENT_ID: identity.properties.clientId",
            "AZURE_CLIENT_ID: identity.properties.principalId",
        ),
    ],
    "the_runtime_is_the_python_that_the_tests_run_on": [
        Fault("app.bicep", "version: '3.13'", "version: '3.10'"),
    ],
    "an_instance_answers_many_requests_and_has_a_thread_for_each": [
        Fault("app.bicep", "triggers: { http: { perInstanceConcurrency: httpConcurrency } }", ""),
    ],
    "azd_finds_the_app_and_its_group": [
        Fault("app.bicep", "'azd-service-name': 'api'", "'azd-service-name': 'web'"),
    ],
    "the_longest_name_allowed_fits_everywhere": [
        Fault("app.bicep", "take(token, 10)", "token"),
    ],
    "every_setting_of_the_app_is_set_and_no_other": [
        Fault("app.bicep", "    REPORTS: reports\n", ""),
        Fault("app.bicep", "    DOWNLOAD_HOSTS:", "    DOWNLOAD_HOST:"),
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
    "nothing_is_set_that_flex_consumption_refuses": [
        Fault("app.bicep", "http20Enabled: true", "http20Enabled: true\n      alwaysOn: true"),
    ],
    "graph_is_that_of_the_cloud": [
        Fault("app.bicep", "graph.microsoft.us', graphVersion: 'beta'", "graph.microsoft.us', graphVersion: 'v1.0'"),
    ],
    "storage_is_open_to_whoever_has_a_role_unless_the_network_is_private": [
        Fault("storage.bicep", "closed ? 'Disabled' : 'Enabled'", "'Disabled'"),
    ],
    "a_private_network_closes_both_accounts_and_has_an_endpoint_for_each": [
        Fault("app.bicep", "[storage.outputs.hostId, storage.outputs.archiveId]", "[storage.outputs.archiveId]"),
        Fault("storage.bicep", "closed ? 'Deny' : 'Allow'", "'Allow'"),
    ],
    "the_app_sends_all_its_traffic_through_a_subnet_of_its_own": [
        Fault("network.bicep", "Microsoft.App/environments", "Microsoft.Web/serverFarms"),
        Fault("app.bicep", "allTraffic: privateNetwork", "allTraffic: false"),
    ],
    "zones_are_for_the_plan_and_the_hosts_storage": [
        Fault("app.bicep", "zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'", "'Standard_LRS'"),
    ],
    "callers_bring_a_key_unless_entra_signs_them_in": [
        Fault("app.bicep", "withEntra ? 'ANONYMOUS' : 'FUNCTION'", "'ANONYMOUS'"),
    ],
    "entra_lets_in_nobody_without_a_token_for_this_app": [
        Fault("entra-auth.bicep", "requireAuthentication: true", "requireAuthentication: false"),
        Fault("entra-auth.bicep", "'Return401'", "'RedirectToLoginPage'"),
        Fault("entra-auth.bicep", "excludedPaths: ['/api/health']", "excludedPaths: ['/api/*']"),
    ],
    "entra_is_that_of_the_cloud": [
        Fault("entra-auth.bicep", "tenant().tenantId", "'common'"),
    ],
    "callers_without_a_key_are_let_in_only_once_entra_guards_the_door": [
        Fault("app.bicep", "dependsOn: [entraAuth]", "dependsOn: []"),
    ],
    "nobody_logs_with_a_key": [
        Fault("monitoring.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false"),
    ],
    "the_alarms_are_there_with_and_without_somebody_to_mail": [
        Fault("monitoring.bicep", "empty(alertEmail) ? [] : [people.id]", "[]"),
    ],
    "every_alarm_watches_the_app_and_says_what_is_wrong": [
        Fault("alarms.bicep", "enabled: true", "enabled: false"),
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
    "the_template_refuses": [
        Fault("entra-auth.bicep", "@minLength(36)\n", ""),
    ],
    "the_template_refuses_a_cloud_of_azure_that_it_does_not_know": [
        Fault("app.bicep", "  AzureChinaCloud: 'china'", "  AzureChinaCloud: 'china'\n  AzureGermanCloud: 'global'"),
    ],
    "the_app_deploys_alone_into_a_group_that_is_there": [
        Fault("app.bicep", "param location string = resourceGroup().location", "param location string"),
    ],
}


def broken(rule: str, infra: Infra) -> bool:
    """Whether the rule does not hold, in any of its cases."""
    function = getattr(test_template, f"test_{rule}")
    try:
        for case in cases(function):
            function(infra=infra, **case)
    except (Exception, pytest.fail.Exception):
        return True
    return False


def cases(function: Callable[..., None]) -> Iterator[dict[str, object]]:
    """The arguments with which pytest would call it, beside `infra`."""
    (mark,) = getattr(function, "pytestmark", [None])
    if mark is None:
        yield {}
        return
    names, values = mark.args
    for value in values:
        value = getattr(value, "values", value)
        yield dict(zip([names] if isinstance(names, str) else names, value, strict=True))


@pytest.mark.parametrize(
    ("rule", "fault"),
    [pytest.param(rule, fault, id=f"{rule}-{number}") for rule in FAULTS for number, fault in enumerate(FAULTS[rule])],
)
def test_a_fault_breaks_its_rule(rule: str, fault: Fault, tmp_path: Path) -> None:
    folder = tmp_path / "infra"
    shutil.copytree(INFRA, folder)
    text = (folder / fault.file).read_text("utf-8")
    assert fault.old in text
    (folder / fault.file).write_text(text.replace(fault.old, fault.new, 1), "utf-8")
    assert broken(rule, Infra(folder))


def test_every_rule_has_a_fault_against_it() -> None:
    rules = {name.removeprefix("test_") for name in vars(test_template) if name.startswith("test_")}
    assert rules == set(FAULTS)


def test_a_template_without_a_fault_breaks_no_rule() -> None:
    assert not [rule for rule in FAULTS if broken(rule, Infra(INFRA))]
