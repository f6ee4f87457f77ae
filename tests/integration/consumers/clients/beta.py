"""Reads reports with Microsoft's SDK for beta: {"base", "key"} on stdin, what came on stdout."""
# mypy: ignore-errors

import asyncio
import base64
import json
import sys

from kiota_abstractions.api_error import APIError
from kiota_abstractions.authentication import ApiKeyAuthenticationProvider, KeyLocation
from msgraph_beta import GraphRequestAdapter, GraphServiceClient

asked = json.load(sys.stdin)


async def main():
    adapter = GraphRequestAdapter(ApiKeyAuthenticationProvider(KeyLocation.Header, asked["key"], "x-functions-key"))
    adapter.base_url = asked["base"]
    reports = GraphServiceClient(request_adapter=adapter).reports
    body = await reports.get_teams_user_activity_user_counts_with_period("D7").get()
    typed = await reports.get_office365_active_user_counts_with_period("D30").get()
    try:
        await reports.get_office365_active_user_counts_with_period("D90").get()
    except APIError as error:
        return {
            "body": base64.b64encode(body).decode(),
            "rows": [[each.report_date.isoformat(), each.exchange] for each in typed.value],
            "error": error.error.message,
        }


print(json.dumps(asyncio.run(main())))
