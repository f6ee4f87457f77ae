"""Every setting is checked before the app does anything."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import SettingError
from shared.settings import SETTINGS, Cloud, Settings, read

ARCHIVE = "https://usage.blob.core.windows.net"


def settings(**held: str) -> Settings:
    """The settings of an environment that holds these, and what must be set."""
    return read({"ARCHIVE_URL": ARCHIVE, **held})


def refusal(**held: str) -> str:
    with pytest.raises(SettingError) as raised:
        settings(**held)
    return str(raised.value)


# Defaults


def test_only_the_archive_must_be_set() -> None:
    assert [setting.name for setting in SETTINGS if setting.default is None] == ["ARCHIVE_URL"]


def test_what_is_not_set_has_its_default() -> None:
    assert read({"ARCHIVE_URL": ARCHIVE}) == Settings(
        pull_schedule="0 15 1,7,13,19 * * *",
        reports="aggregates",
        sign_in_activity=False,
        delta=False,
        min_group=5,
        personal_retention_days=0,
        graph_endpoint="https://graph.microsoft.com",
        graph_version="v1.0",
        download_origins=frozenset(),
        archive_url=ARCHIVE,
        archive_ca=None,
        client_id=None,
        tenants=(),
        tenants_client_id="",
        cloud=Cloud("https://login.microsoftonline.com", "api://AzureADTokenExchange"),
    )


@pytest.mark.parametrize("blank", ["", " ", "\n"], ids=["empty", "space", "newline"])
@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS if setting.default is not None])
def test_a_blank_setting_has_its_default_too(name: str, blank: str) -> None:
    assert settings(**{name: blank}) == settings()


def test_what_belongs_to_others_is_not_looked_at() -> None:
    assert settings(AzureWebJobsStorage="UseDevelopmentStorage=true", PATH="?") == settings()


def test_every_setting_has_a_name_for_the_environment_and_a_meaning() -> None:
    assert all(setting.name == setting.name.upper() and setting.meaning.endswith(".") for setting in SETTINGS)


# What is taken


def test_what_is_set_is_taken(tmp_path: Path) -> None:
    pem = tmp_path / "ca.pem"
    pem.touch()
    assert settings(
        PULL_SCHEDULE="0 0 6 * * *",
        REPORTS="all",
        SIGN_IN_ACTIVITY="True",
        DELTA="true",
        MIN_GROUP="3",
        PERSONAL_RETENTION_DAYS="365",
        GRAPH_ENDPOINT="https://dod-graph.microsoft.us",
        GRAPH_VERSION="beta",
        DOWNLOAD_HOSTS="http://127.0.0.1:9101",
        ARCHIVE_CA=str(pem),
        AZURE_CLIENT_ID="00000000-0000-0000-0000-000000000001",
        TENANTS="@",
        TENANTS_CLIENT_ID="00000000-0000-0000-0000-000000000002",
        AZURE_AUTHORITY_HOST="login.example",
    ) == Settings(
        pull_schedule="0 0 6 * * *",
        reports="all",
        sign_in_activity=True,
        delta=True,
        min_group=3,
        personal_retention_days=365,
        graph_endpoint="https://dod-graph.microsoft.us",
        graph_version="beta",
        download_origins=frozenset({"http://127.0.0.1:9101"}),
        archive_url=ARCHIVE,
        archive_ca=str(pem),
        client_id="00000000-0000-0000-0000-000000000001",
        tenants=None,
        tenants_client_id="00000000-0000-0000-0000-000000000002",
        cloud=Cloud("https://login.example", "api://AzureADTokenExchangeUSGov"),
    )


def test_spaces_around_a_setting_do_not_count() -> None:
    assert settings(GRAPH_VERSION=" beta\n").graph_version == "beta"


@pytest.mark.parametrize(
    "endpoint",
    ["https://graph.microsoft.com", "https://graph.microsoft.com/", "HTTPS://Graph.Microsoft.com"],
)
def test_the_endpoint_of_graph_is_kept_as_an_origin(endpoint: str) -> None:
    assert settings(GRAPH_ENDPOINT=endpoint).graph_endpoint == "https://graph.microsoft.com"


@pytest.mark.parametrize(
    "hosts",
    [
        pytest.param("https://a.example,https://b.example:8443", id="comma"),
        pytest.param("https://b.example:8443 , https://a.example/", id="other order, spaces, slash"),
        pytest.param("https://a.example\nhttps://b.example:8443\n", id="newline"),
        pytest.param(",https://A.Example,,https://b.example:8443,https://a.example,", id="capitals, one twice"),
    ],
)
def test_download_hosts_are_a_set_of_origins(hosts: str) -> None:
    assert settings(DOWNLOAD_HOSTS=hosts).download_origins == {"https://a.example", "https://b.example:8443"}


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        pytest.param(ARCHIVE, ARCHIVE, id="Azure"),
        pytest.param(f"{ARCHIVE}/", ARCHIVE, id="slash at the end"),
        pytest.param("https://127.0.0.1:10000/account", "https://127.0.0.1:10000/account", id="emulator"),
        pytest.param("http://127.0.0.1:10000/account/", "http://127.0.0.1:10000/account", id="emulator, slash"),
    ],
)
def test_the_archive_is_the_root_of_a_blob_service(url: str, kept: str) -> None:
    assert settings(ARCHIVE_URL=url).archive_url == kept


@pytest.mark.parametrize("url", ["file:///home/ann/an%20archive", "file:///C:/archive"])
def test_the_archive_of_one_machine_is_a_folder(url: str) -> None:
    assert settings(ARCHIVE_URL=url).archive_url == url


# What is refused


def test_no_folder_of_an_instance_in_azure_is_an_archive() -> None:
    assert "a folder, which is for one machine and not for Azure" in refusal(
        ARCHIVE_URL="file:///home/archive", WEBSITE_INSTANCE_ID="0123"
    )
    assert settings(ARCHIVE_URL=ARCHIVE, WEBSITE_INSTANCE_ID="0123").archive_url == ARCHIVE


@pytest.mark.parametrize(
    "url", ["file:///", "file:////", "file://host/share", "file:///a/../b", "file:///a?b", "file:///a#b"]
)
def test_a_folder_is_a_plain_one_of_this_machine(url: str) -> None:
    assert refusal(ARCHIVE_URL=url).startswith("The app setting ARCHIVE_URL holds 'something else (not shown)'")


@pytest.mark.parametrize("environment", [{}, {"ARCHIVE_URL": ""}, {"ARCHIVE_URL": " "}], ids=["none", "empty", "space"])
def test_an_archive_that_is_not_set_is_said_to_be_missing(environment: dict[str, str]) -> None:
    with pytest.raises(SettingError, match=r"^The app setting ARCHIVE_URL is not set; it wants the blob service URL"):
        read(environment)


@pytest.mark.parametrize(
    ("name", "held", "wants"),
    [
        pytest.param("GRAPH_VERSION", "v2.0", "v1.0 or beta", id="version that Graph has not"),
        pytest.param("GRAPH_VERSION", "1.0", "v1.0 or beta", id="version without v"),
        *(
            pytest.param("PERSONAL_RETENTION_DAYS", held, "0 (for good), or a whole number from 90", id=why)
            for held, why in (
                ("89", "few days"),
                ("-90", "less than none"),
                ("a year", "words"),
                ("90.5", "half a day"),
            )
        ),
        pytest.param("ARCHIVE_CA", "/no/such.pem", "PEM file", id="file that is not there"),
        pytest.param("ARCHIVE_CA", "/", "PEM file", id="folder"),
    ],
)
def test_a_wrong_setting_names_itself_what_it_held_and_what_it_wants(name: str, held: str, wants: str) -> None:
    message = refusal(**{name: held})
    assert message.startswith(f"The app setting {name} holds {held!r}; it wants ")
    assert wants in message


def test_the_text_of_a_certificate_is_not_its_path() -> None:
    assert refusal(ARCHIVE_CA="-----BEGIN CERTIFICATE-----\n" + "MIIB" * 300).endswith(
        "the path of a PEM file, or nothing."
    )


NO_ORIGINS = [
    pytest.param("graph.microsoft.com", id="no scheme"),
    pytest.param("127.0.0.1:9101", id="host and port"),
    pytest.param("ftp://graph.microsoft.com", id="other scheme"),
    pytest.param("https://", id="no host"),
    pytest.param("https:///v1.0", id="path without host"),
    pytest.param("https://graph.microsoft.com:https", id="port that is no number"),
    pytest.param("https://graph.microsoft.com:99999", id="port that does not exist"),
    pytest.param("https://[::1", id="half an address"),
    pytest.param("https://graph.microsoft.com?x", id="query"),
    pytest.param("https://graph.microsoft.com#x", id="fragment"),
    pytest.param("https://me@graph.microsoft.com", id="user"),
]


@pytest.mark.parametrize("held", [*NO_ORIGINS, pytest.param("https://graph.microsoft.com/v1.0", id="path")])
def test_the_endpoint_of_graph_must_be_an_origin(held: str) -> None:
    message = refusal(GRAPH_ENDPOINT=held)
    assert message.startswith("The app setting GRAPH_ENDPOINT holds ")
    assert message.endswith("such as https://graph.microsoft.com.")


@pytest.mark.parametrize("held", [*NO_ORIGINS, pytest.param("https://graph.microsoft.com/v1.0", id="path")])
def test_every_download_host_must_be_an_origin(held: str) -> None:
    message = refusal(DOWNLOAD_HOSTS=f"http://127.0.0.1:9101,{held}")
    assert message.startswith("The app setting DOWNLOAD_HOSTS holds ")
    assert message.endswith("such as http://127.0.0.1:9101.")


@pytest.mark.parametrize(
    "held",
    [
        *NO_ORIGINS,
        pytest.param(f"{ARCHIVE}/usage", id="container"),
        pytest.param("https://127.0.0.1:10000/account/usage", id="container of an emulator"),
    ],
)
def test_the_archive_must_be_the_root_of_a_blob_service(held: str) -> None:
    message = refusal(ARCHIVE_URL=held)
    assert message.startswith("The app setting ARCHIVE_URL holds ")
    assert message.endswith("such as https://ACCOUNT.blob.core.windows.net, without container, key or SAS.")


@pytest.mark.parametrize("name", ["ARCHIVE_URL", "GRAPH_ENDPOINT", "DOWNLOAD_HOSTS"])
def test_a_wrong_url_is_shown_as_far_as_its_host(name: str) -> None:
    assert "'https://usage.blob.core.windows.net..." in refusal(**{name: f"{ARCHIVE}/usage"})


@pytest.mark.parametrize(
    "held",
    [
        pytest.param(f"{ARCHIVE}?sv=2024-11-04&sig=SECRET", id="SAS"),
        pytest.param(f"{ARCHIVE}/?SECRET", id="SAS after a slash"),
        pytest.param(f"{ARCHIVE}/usage?sig=SECRET", id="SAS of a container"),
        pytest.param(f"{ARCHIVE}#sig=SECRET", id="SAS as fragment"),
        pytest.param(f"{ARCHIVE}/;sig=SECRET", id="SAS as path"),
        pytest.param("https://me:SECRET@usage.blob.core.windows.net", id="password"),
        pytest.param("https://me:x/SECRET@usage.blob.core.windows.net", id="password with a slash"),
        pytest.param("https://me:x@SECRET@usage.blob.core.windows.net", id="password with an at sign"),
        pytest.param("https://me:SECRET?x@usage.blob.core.windows.net", id="password with a question mark"),
        pytest.param("https://me:SECRET#x@usage.blob.core.windows.net", id="password with a hash"),
        pytest.param("https://me:SECRET/x@usage.blob.core.windows.net", id="password that looks like a port"),
        pytest.param("me:SECRET@usage.blob.core.windows.net", id="password, no scheme"),
        pytest.param(
            "DefaultEndpointsProtocol=https;AccountName=usage;AccountKey=SECRET==;EndpointSuffix=core.windows.net",
            id="connection string with a key",
        ),
        pytest.param(f"BlobEndpoint={ARCHIVE};SharedAccessSignature=sig=SECRET", id="connection string with a SAS"),
        pytest.param("SECRET", id="key alone"),
    ],
)
@pytest.mark.parametrize("name", ["ARCHIVE_URL", "GRAPH_ENDPOINT", "DOWNLOAD_HOSTS"])
def test_a_secret_in_a_url_is_refused_and_never_shown(name: str, held: str) -> None:
    assert "SECRET" not in refusal(**{name: held})


@given(st.text(), st.sampled_from(["ARCHIVE_URL", "GRAPH_ENDPOINT", "DOWNLOAD_HOSTS", "GRAPH_VERSION", "ARCHIVE_CA"]))
def test_whatever_a_setting_holds_it_is_taken_or_refused_by_name(text: str, name: str) -> None:
    refused = None
    try:
        settings(**{name: text})
    except SettingError as error:
        refused = error.name
    assert refused in (None, name)


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_whatever_follows_a_question_mark_is_never_shown(text: str) -> None:
    secret = f"S3CR3T{text}"
    assert "S3CR3T" not in refusal(ARCHIVE_URL=f"{ARCHIVE}?{secret}")
