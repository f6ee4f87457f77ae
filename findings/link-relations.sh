#!/usr/bin/env bash
# requests, httpx, aiohttp: `.links` does not know a relation that shares its link with others.
#
# Versions: requests 2.34.2, httpx 0.28.1, aiohttp 3.14.5; httplink 0.2.0 beside them
# Guess: `rel` is a list, with blanks between its items (RFC 8288, section 3.3), and Memento's own examples write
#   `rel="original timegate"`; so `answer.links["original"]` gives the address.
# Seen: all three take the whole text for one name: the key is "original timegate latest-version", and "original" is a
#   KeyError, or None with `.get`. httplink gives three relations.
# For the archive: `Link` of a snapshot has a link each for original, timegate and latest-version (shared/web/links.py),
#   which says the same, and is found by these clients.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 httpx==0.28.1 aiohttp==3.14.5 httplink==0.2.0

cat >probe.py <<'END'
import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import aiohttp
import httplink
import httpx
import requests

REPORT = "https://contoso.example/reports/getOffice365ActiveUserCounts(period='D7')"
LINK = (
    f'<{REPORT}>; rel="original timegate latest-version", '
    f'<{REPORT}?revision=1>; rel="memento"; datetime="Thu, 19 Nov 2026 01:15:00 GMT"'
)


class Snapshot(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Link", LINK)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


async def with_aiohttp(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.links


server = ThreadingHTTPServer(("127.0.0.1", 0), Snapshot)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"
found = {
    "requests": requests.get(url).links,
    "httpx": httpx.get(url).links,
    "aiohttp": asyncio.run(with_aiohttp(url)),
    "httplink": {name for link in httplink.parse_link_header(LINK).links for name in link.rel},
}
for name, links in found.items():
    print(f"{name}: original {'original' in links}, memento {'memento' in links}")
END

cat >expected <<'END'
requests: original False, memento True
httpx: original False, memento True
aiohttp: original False, memento True
httplink: original True, memento True
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
