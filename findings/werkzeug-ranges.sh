#!/usr/bin/env bash
# werkzeug: its conditional answers miss three rules of RFC 9110, two of them with the opposite status.
#
# Versions: werkzeug 3.1.9 (which azure-functions brings along)
# Guess: `Response.make_conditional` knows RFC 9110: it does ETag, If-Range, 206 and 416.
# Seen: for a body of 100 bytes with the ETag "t" of 18 November 2026
#   - the last 1,000 bytes, which section 14.1.2 makes the whole body, are 416: a reader of Parquet footers asks just so;
#   - the first ten bytes If-None-Match "t", which section 13.2.2 answers 304 before it looks at Range, are 206 with bytes;
#   - If-Unmodified-Since 2020, which is 412, is ignored, though If-Match is not.
# For the archive: shared/web/representation.py does conditions and ranges itself.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check werkzeug==3.1.9

cat >probe.py <<'END'
from datetime import UTC, datetime

from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

LONG_AGO = "Sat, 18 Jan 2020 00:00:00 GMT"


def status(asked):
    response = Response(bytes(100))
    response.set_etag("t")
    response.last_modified = datetime(2026, 11, 18, tzinfo=UTC)
    try:
        response.make_conditional(EnvironBuilder(headers=asked).get_environ(), accept_ranges=True, complete_length=100)
    except HTTPException as error:
        return error.code
    return response.status_code


for asked in (
    {"Range": "bytes=-50"},
    {"Range": "bytes=-1000"},
    {"Range": "bytes=0-1000"},
    {"If-None-Match": '"t"'},
    {"If-None-Match": '"t"', "Range": "bytes=0-9"},
    {"If-Match": '"other"'},
    {"If-Unmodified-Since": LONG_AGO},
):
    print(", ".join(f"{name}: {value}" for name, value in asked.items()), "->", status(asked))
END

cat >expected <<'END'
Range: bytes=-50 -> 206
Range: bytes=-1000 -> 416
Range: bytes=0-1000 -> 206
If-None-Match: "t" -> 304
If-None-Match: "t", Range: bytes=0-9 -> 206
If-Match: "other" -> 412
If-Unmodified-Since: Sat, 18 Jan 2020 00:00:00 GMT -> 200
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
