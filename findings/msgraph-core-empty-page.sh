#!/usr/bin/env bash
# msgraph-core: the iterator over pages ends, without an error, at the first page that is empty, though a next one is named.
#
# Versions: msgraph-core 1.5.2 (what msgraph-sdk 1.65.0 for Python pages with); @microsoft/microsoft-graph-client 3.0.7
# Guess: only a page without `@odata.nextLink` is the last. OData allows a page without items in the middle, for instance
#   where a filter leaves nothing of it, and Microsoft tells callers to follow the link to its end.
# Seen: of three pages with 2, 0 and 1 items, Python's PageIterator gives 2 items and returns as if that were all;
#   Microsoft's own client for JavaScript gives 3.
# For the archive: whatever pages through Graph's users or licences must look at the link alone, never at how many items
#   came; and an app that serves pages should not send an empty one with a link.
#
# Needs Node 20 or newer with npm.
set -euo pipefail
folder=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check msgraph-core==1.5.2 microsoft-kiota-serialization-json==1.16.0
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @microsoft/microsoft-graph-client@3.0.7 >/dev/null

cat >server.py <<'END'
"""Three pages of users, the second of them empty."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES = [["ann", "bob"], [], ["cid"]]


class Users(BaseHTTPRequestHandler):
    def do_GET(self):
        number = int(self.path.rpartition("=")[2]) if "=" in self.path else 0
        page = {"value": [{"displayName": name} for name in PAGES[number]]}
        if number + 1 < len(PAGES):
            page["@odata.nextLink"] = f"http://127.0.0.1:{self.server.server_port}/v1.0/users?page={number + 1}"
        body = json.dumps(page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Users)
print(server.server_port, flush=True)
server.serve_forever()
END

cat >probe.py <<'END'
import asyncio
import sys
from dataclasses import dataclass, field

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.serialization import Parsable, ParseNodeFactoryRegistry
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from kiota_http.httpx_request_adapter import HttpxRequestAdapter
from msgraph_core.tasks.page_iterator import PageIterator


@dataclass
class User(Parsable):
    display_name: str = ""

    @staticmethod
    def create_from_discriminator_value(_):
        return User()

    def get_field_deserializers(self):
        return {"displayName": lambda node: setattr(self, "display_name", node.get_str_value())}

    def serialize(self, writer):
        raise NotImplementedError


@dataclass
class Users(Parsable):
    """A page, as Kiota's generator writes the class of one."""

    value: list = field(default_factory=list)
    odata_next_link: str | None = None

    @staticmethod
    def create_from_discriminator_value(_):
        return Users()

    def get_field_deserializers(self):
        return {
            "value": lambda node: setattr(self, "value", node.get_collection_of_object_values(User)),
            "@odata.nextLink": lambda node: setattr(self, "odata_next_link", node.get_str_value()),
        }

    def serialize(self, writer):
        raise NotImplementedError


async def main():
    registry = ParseNodeFactoryRegistry()
    registry.CONTENT_TYPE_ASSOCIATED_FACTORIES["application/json"] = JsonParseNodeFactory()
    adapter = HttpxRequestAdapter(AnonymousAuthenticationProvider(), registry)
    request = RequestInformation()
    request.http_method, request.url = Method.GET, sys.argv[1]
    first = await adapter.send_async(request, Users, {})
    seen = []
    await PageIterator(first, adapter).iterate(lambda user: seen.append(user.display_name) or True)
    print("Python:", seen)


asyncio.run(main())
END

cat >probe.cjs <<'END'
const { PageIterator } = require('@microsoft/microsoft-graph-client');

async function main() {
    const read = async (url) => (await fetch(url)).json();
    const client = { api: (url) => ({ get: () => read(url) }) };  // all that the iterator asks of a client
    const seen = [];
    const first = await read(process.argv[2]);
    await new PageIterator(client, first, (user) => seen.push(user.displayName) > 0).iterate();
    console.log('JavaScript:', JSON.stringify(seen));
}
main();
END

cat >expected <<'END'
Python: ['ann', 'bob']
JavaScript: ["ann","bob","cid"]
END
venv/bin/python server.py >port &
server=$!
for _ in $(seq 100); do
    [ -s port ] && break
    sleep 0.1
done
address="http://127.0.0.1:$(cat port)/v1.0/users"
{ venv/bin/python probe.py "$address"; node probe.cjs "$address"; } | tee seen
diff expected seen
echo 'As it was written down.'
