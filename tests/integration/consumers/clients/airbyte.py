"""Reads a stream of Airbyte's source: {"base", "key", "period", "format"} on stdin, {"rows", "error"} on stdout.

What is changed of its manifest is what Airbyte's builder has fields for: base URL, authentication, query.
"""
# mypy: ignore-errors

import json
import logging
import sys
from importlib import resources

import yaml
from airbyte_cdk.models import ConfiguredAirbyteCatalog, Type
from airbyte_cdk.sources.declarative.manifest_declarative_source import ManifestDeclarativeSource

STREAM = "team_device_usage_report"

asked = json.load(sys.stdin)
manifest = yaml.safe_load(resources.files("source_microsoft_teams").joinpath("manifest.yaml").read_text("utf-8"))
manifest["streams"] = [each for each in manifest["streams"] if each["name"] == STREAM]
manifest["check"]["stream_names"] = [STREAM]
requester = manifest["streams"][0]["retriever"]["requester"]
requester["url_base"] = asked["base"]
requester["authenticator"] = {
    "type": "ApiKeyAuthenticator",
    "api_token": asked["key"],
    "inject_into": {"type": "RequestOption", "inject_into": "header", "field_name": "x-functions-key"},
}
requester["request_parameters"] = {"$format": asked["format"]} if asked["format"] else {}

source = ManifestDeclarativeSource(source_config=manifest)
stream = {"name": STREAM, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
catalog = ConfiguredAirbyteCatalog.parse_obj({"streams": [configured]})
rows, error = [], ""
try:
    for message in source.read(logging.getLogger("airbyte"), {"period": asked["period"]}, catalog, None):
        if message.type is Type.RECORD:
            rows.append(message.record.data)
except Exception as raised:  # whatever it is, it is what a user sees
    error = str(raised)
print(json.dumps({"rows": rows, "error": error}))
