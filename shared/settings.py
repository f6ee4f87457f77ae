"""Every app setting: its name, its default and what it means. Nothing else in the app reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from shared.domain.errors import SettingError
from shared.domain.tenants import FROM_FILE, Tenant, tenant_id, tenants_in

GRAPH_VERSIONS = ("v1.0", "beta")

FOLDER_URL = "file:///"
"""Begins an ARCHIVE_URL that is a folder of this machine."""

_HOST = re.compile(r"([\w.-]+|\[[\da-fA-F:]+\])(:\d+)?", re.ASCII)


class Setting(NamedTuple):
    """One line of the settings table in the documentation."""

    name: str
    default: str | None
    """None = must be set."""
    meaning: str


SETTINGS = (
    Setting("PULL_SCHEDULE", "0 15 1,7,13,19 * * *", "When to pull: NCRONTAB, six fields, seconds first, UTC."),
    Setting(
        "REPORTS",
        "aggregates",
        "What to pull, separated by comma or newline: `aggregates`, `personal`, `all`, `directory` (licences and "
        "accounts, in none of the others), a family, a report, a call; `-item` leaves out.",
    ),
    Setting(
        "SIGN_IN_ACTIVITY",
        "false",
        "`true`: the report `users` tells when accounts last signed in, where the tenant has Entra ID P1 and the app "
        "`AuditLog.Read.All`.",
    ),
    Setting(
        "DELTA",
        "false",
        "`true`: the tables of each call are a Delta table too, for Fabric and Databricks.",
    ),
    Setting(
        "MIN_GROUP",
        "5",
        "How many people a count must be of to be told under the keys of `reports`: at least 3.",
    ),
    Setting(
        "PERSONAL_RETENTION_DAYS",
        "0",
        "For how many days from its refresh date on a report with people is kept, in every place where it lies: at "
        "least 90, or 0 for good.",
    ),
    Setting("GRAPH_ENDPOINT", "https://graph.microsoft.com", "Root of Microsoft Graph in the tenant's cloud."),
    Setting("GRAPH_VERSION", "v1.0", "`v1.0`, or `beta` for the US Government and China clouds."),
    Setting(
        "DOWNLOAD_HOSTS",
        "",
        "Further origins, comma separated, that a report may be downloaded from. "
        "Microsoft's own (https://reports*.office.com) are always allowed.",
    ),
    Setting(
        "ARCHIVE_URL",
        None,
        "Blob service URL of the archive, such as https://ACCOUNT.blob.core.windows.net. On one machine, not in Azure: "
        "`file:///FOLDER`.",
    ),
    Setting("ARCHIVE_CA", "", "PEM file to trust for the blob service, for an emulator with its own certificate."),
    Setting(
        "HTTP_AUTH_LEVEL",
        "FUNCTION",
        "`FUNCTION`: readers need a function key; `ANONYMOUS`: Entra sign-in guards the app. Anything else counts as "
        "`FUNCTION`, and reports with personal data need their key in any case.",
    ),
    Setting("AZURE_CLIENT_ID", "", "Client id of the user-assigned managed identity; empty = system-assigned."),
    Setting(
        "TENANTS",
        "",
        "Tenants of a provider's customers to archive, each by its id, separated by comma or newline; `@`: those of "
        "`usage-input/tenants.csv`. Empty: the app's own tenant alone.",
    ),
    Setting(
        "TENANTS_CLIENT_ID",
        "",
        "Client id of the app registration that the tenants have consented to, which trusts the managed identity.",
    ),
    Setting(
        "AZURE_AUTHORITY_HOST",
        "",
        "Where tokens of the tenants come from; empty = the one of the cloud that GRAPH_ENDPOINT is in.",
    ),
)


class Cloud(NamedTuple):
    """What differs between Microsoft's clouds, beside Graph's root."""

    authority: str
    """Where the tenants' tokens come from."""
    audience: str
    """Of the managed identity's token that is exchanged for one of theirs."""


_PUBLIC = Cloud("https://login.microsoftonline.com", "api://AzureADTokenExchange")
_US_GOVERNMENT = Cloud("https://login.microsoftonline.us", "api://AzureADTokenExchangeUSGov")
CLOUDS = {
    "https://graph.microsoft.us": _US_GOVERNMENT,
    "https://dod-graph.microsoft.us": _US_GOVERNMENT,
    "https://microsoftgraph.chinacloudapi.cn": Cloud(
        "https://login.chinacloudapi.cn", "api://AzureADTokenExchangeChina"
    ),
}
"""By Graph's root; any other is the public cloud.

https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
"""


LEAST_GROUP = 3
"""People: nobody may set less."""
LEAST_RETENTION = 90
"""Days: less than reports look back on would be pulled again and again."""


class Settings(NamedTuple):
    """The settings, checked."""

    pull_schedule: str
    reports: str
    sign_in_activity: bool
    delta: bool
    min_group: int
    personal_retention_days: int
    """0: for good."""
    graph_endpoint: str
    graph_version: str
    download_origins: frozenset[str]
    archive_url: str
    archive_ca: str | None
    client_id: str | None
    tenants: tuple[Tenant, ...] | None
    """Of a provider's customers; none: the app's own tenant alone. None: those of a blob."""
    tenants_client_id: str
    cloud: Cloud
    has_keys: bool = True
    """Whether readers of what has no personal data need a function key; if not, Microsoft Entra guards the app."""
    is_guarded: bool = False
    """Whether Microsoft Entra guards the app, as the platform says."""
    host_version: str = ""
    """Of the Functions host, which tells it; empty elsewhere."""


def read(environment: Mapping[str, str]) -> Settings:
    """The settings that `environment` holds. Raises SettingError for the first that is missing or wrong."""
    values = {s.name: environment.get(s.name, "").strip() or s.default or "" for s in SETTINGS}
    if values["GRAPH_VERSION"] not in GRAPH_VERSIONS:
        raise SettingError("GRAPH_VERSION", values["GRAPH_VERSION"], "v1.0 or beta")
    if values["SIGN_IN_ACTIVITY"].lower() not in ("true", "false"):
        raise SettingError("SIGN_IN_ACTIVITY", values["SIGN_IN_ACTIVITY"][:80], "true or false")
    if values["DELTA"].lower() not in ("true", "false"):
        raise SettingError("DELTA", values["DELTA"][:80], "true or false")
    if not re.fullmatch(r"\d{1,4}", values["MIN_GROUP"], re.ASCII) or int(values["MIN_GROUP"]) < LEAST_GROUP:
        raise SettingError("MIN_GROUP", values["MIN_GROUP"][:80], f"a whole number from {LEAST_GROUP} to 9999")
    retention = values["PERSONAL_RETENTION_DAYS"]
    if not re.fullmatch(r"\d{1,4}", retention, re.ASCII) or 0 < int(retention) < LEAST_RETENTION:
        raise SettingError(
            "PERSONAL_RETENTION_DAYS", retention[:80], f"0 (for good), or a whole number from {LEAST_RETENTION} to 9999"
        )
    if values["ARCHIVE_CA"] and not os.path.isfile(values["ARCHIVE_CA"]):  # Path.is_file raises for too long a name
        raise SettingError("ARCHIVE_CA", values["ARCHIVE_CA"][:80], "the path of a PEM file, or nothing")
    return Settings(
        pull_schedule=values["PULL_SCHEDULE"],
        reports=values["REPORTS"],
        sign_in_activity=values["SIGN_IN_ACTIVITY"].lower() == "true",
        delta=values["DELTA"].lower() == "true",
        min_group=int(values["MIN_GROUP"]),
        personal_retention_days=int(retention),
        graph_endpoint=_origin(
            "GRAPH_ENDPOINT", values["GRAPH_ENDPOINT"], "Graph's root, such as https://graph.microsoft.com"
        ),
        graph_version=values["GRAPH_VERSION"],
        download_origins=frozenset(
            _origin("DOWNLOAD_HOSTS", origin, "origins separated by commas, such as http://127.0.0.1:9101")
            for origin in re.split(r"[\s,]+", values["DOWNLOAD_HOSTS"])
            if origin
        ),
        archive_url=_archive_url(values["ARCHIVE_URL"], is_in_azure=bool(environment.get("WEBSITE_INSTANCE_ID"))),
        archive_ca=values["ARCHIVE_CA"] or None,
        client_id=values["AZURE_CLIENT_ID"] or None,
        tenants=None if values["TENANTS"] == FROM_FILE else tenants_in(values["TENANTS"]),
        tenants_client_id=_client_id(values),
        cloud=_cloud(values),
        has_keys=http_auth_level(environment) != "ANONYMOUS",
        is_guarded=environment.get("WEBSITE_AUTH_ENABLED", "").lower() == "true",
        host_version=environment.get("HOST_VERSION") or environment.get("FUNCTIONS_EXTENSION_VERSION", ""),
    )


def http_auth_level(environment: Mapping[str, str]) -> str:
    """Who may call the functions without personal data: `ANONYMOUS` if that was asked for in so many letters.

    Read when the app is imported, where an error would keep it from starting; so what is wrong is the safe one.
    """
    return "ANONYMOUS" if environment.get("HTTP_AUTH_LEVEL", "").strip() == "ANONYMOUS" else "FUNCTION"


def _client_id(values: Mapping[str, str]) -> str:
    value = values["TENANTS_CLIENT_ID"]
    if values["TENANTS"] and not tenant_id(value):
        wants = "the client id of the app registration that the tenants have consented to, as TENANTS is set"
        raise SettingError("TENANTS_CLIENT_ID", value[:80] or None, wants)
    return value


def _cloud(values: Mapping[str, str]) -> Cloud:
    cloud = CLOUDS.get(values["GRAPH_ENDPOINT"].rstrip("/").lower(), _PUBLIC)
    host = values["AZURE_AUTHORITY_HOST"]
    if not host:
        return cloud
    authority = _origin(
        "AZURE_AUTHORITY_HOST", host if "://" in host else f"https://{host}", "an origin such as https://login.example"
    )
    return cloud._replace(authority=authority)


def _origin(name: str, value: str, wants: str) -> str:
    parts = _split(value)
    if parts is None or parts.path not in ("", "/"):
        raise SettingError(name, _safe(value), wants)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _archive_url(value: str, *, is_in_azure: bool) -> str:
    wants = "the blob service URL, such as https://ACCOUNT.blob.core.windows.net, without container, key or SAS"
    if not value:
        raise SettingError("ARCHIVE_URL", None, wants)
    if value.startswith(FOLDER_URL):
        if is_in_azure:
            # The disk of an instance is gone with it, and no other instance sees it.
            raise SettingError("ARCHIVE_URL", "a folder, which is for one machine and not for Azure", wants)
        if re.search(r"[?#\0]|/\.\.(/|$)", value) or not value.removeprefix(FOLDER_URL).strip("/"):
            raise SettingError("ARCHIVE_URL", "something else (not shown)", "a folder such as file:///home/ann/archive")
        return value
    parts = _split(value)
    # An emulator has the account in the path, Azure has it in the host.
    if parts is None or parts.path.strip("/").count("/") or (".blob." in parts.netloc and parts.path.strip("/")):
        raise SettingError("ARCHIVE_URL", _safe(value), wants)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _split(value: str) -> SplitResult | None:
    """The parts of a URL of scheme, host, port and path alone; None if it has others or is none."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return None
    plain = parts.scheme in ("http", "https") and _HOST.fullmatch(parts.netloc) and not {"?", "#"} & set(value)
    return parts if plain else None


def _safe(value: str) -> str:
    """A wrong URL as far as it is safe to show: keys, passwords and signatures are what people paste by mistake."""
    match = re.match(r"https?://[\w.:-]+(?=/|$)", value, re.ASCII)
    return match[0] + "..." if match and not {"@", "?", "#"} & set(value) else "something else (not shown)"
