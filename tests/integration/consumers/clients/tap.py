"""Reads a report with the Singer tap: {"host", "key", "place", "path"} on stdin, {"rows"} or {"error"} on stdout.

The tap has no setting for its base URL; `place` of the key is `headers` or `params`.
"""
# mypy: ignore-errors

import json
import sys

from tap_ms_teams import client

asked = json.load(sys.stdin)
client.BASE_GRAPH_URL = asked["host"]
graph = client.MicrosoftGraphClient("none", {})
name = {"headers": "x-functions-key", "params": "code"}[asked["place"]]
getattr(graph.session, asked["place"])[name] = asked["key"]
try:
    print(
        json.dumps({"rows": [row for batch in graph.get_report("api/personal/v1.0", asked["path"]) for row in batch]})
    )
except RuntimeError as error:
    print(json.dumps({"error": str(error)}))
