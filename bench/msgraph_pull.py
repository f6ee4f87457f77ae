"""`python -m bench.msgraph_pull URL`: Microsoft's SDK gets the large report; prints its size and the peak memory."""

from __future__ import annotations

import asyncio
import sys

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient

from bench.lone_pull import peak


async def main() -> None:
    """Asks for it as the documentation does."""
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider())
    adapter.base_url = sys.argv[1]
    client = GraphServiceClient(request_adapter=adapter)
    body = await client.reports.get_office365_active_user_detail_with_period("D7").get()
    print(len(body or b""), peak())


if __name__ == "__main__":
    asyncio.run(main())
