"""DuckDB with its extensions from PyPI: it would load them from duckdb.org, which a test must not need."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import duckdb

# Azurite's own, known to everybody: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
_ACCOUNT, _KEY = (
    "devstoreaccount1",
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
)


def duck(*more: str) -> duckdb.DuckDBPyConnection:
    """A new database that knows http and az URLs, and what `more` extensions know."""
    connection = duckdb.connect()
    for name in ("httpfs", "azure", *more):
        package = find_spec(f"duckdb_extension_{name}")
        assert package
        assert package.origin
        (extension,) = Path(package.origin).parent.glob(f"extensions/*/{name}.duckdb_extension")
        connection.load_extension(str(extension))
    return connection


def secret(settings: Mapping[str, str]) -> str:
    """What opens the emulated storage account, whose certificate the variable CURL_CA_INFO has to name for az URLs."""
    parts = {
        "DefaultEndpointsProtocol": "https",
        "AccountName": _ACCOUNT,
        "AccountKey": _KEY,
        "BlobEndpoint": settings["ARCHIVE_URL"],
    }
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    return (
        f"SET ca_cert_file = '{settings['ARCHIVE_CA']}';"  # for https URLs
        "SET azure_transport_option_type = 'curl';"  # which looks at CURL_CA_INFO
        f"CREATE OR REPLACE SECRET usage_blobs (TYPE azure, CONNECTION_STRING '{text}')"
    )


def storage_options(settings: Mapping[str, str]) -> dict[str, str]:
    """The same for Polars, which takes the certificate as it is."""
    account = {"account_name": _ACCOUNT, "account_key": _KEY, "azure_endpoint": settings["ARCHIVE_URL"]}
    return account | {"allow_invalid_certificates": "true"}
