#!/usr/bin/env bash
# Azurite: a delete of one version of a blob deletes the blob itself, and a download of one gives the bytes of today.
#
# Versions: azurite 3.35.0, azure-storage-blob 12.31.1
# Guess: an emulator without versions answers that it does not know this one, as Azure does of a version that is not there
#   (404), or that it does not know the parameter (400).
# Seen: the parameter is ignored. DELETE ?versionid= is answered 202, and the blob is gone; GET ?versionid= is answered 200
#   with what the blob holds now. A listing with versions tells of none.
# For the archive: a test on Azurite alone cannot tell a command that erases versions from one that destroys blobs.
#   tests/reliability/storage_proxy/versions.py keeps versions and soft-deleted blobs in front of it, and `local erase`
#   deletes no version that was not listed as an older one.
#
# Needs Node 20 or newer with npm.
set -euo pipefail
folder=$(mktemp -d)
azurite=
trap 'if [ -n "$azurite" ]; then kill "$azurite" 2>/dev/null || true; wait "$azurite" 2>/dev/null || true; fi; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check azure-storage-blob==12.31.1
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . azurite@3.35.0 >/dev/null

node node_modules/azurite/dist/src/blob/main.js --blobPort 0 --inMemoryPersistence --skipApiVersionCheck \
    --disableTelemetry --silent >started 2>&1 &
azurite=$!
for _ in $(seq 150); do
    grep -q 'successfully listens on' started && break
    sleep 0.2
done
address=$(sed -n 's/.*successfully listens on \(http[^ ]*\).*/\1/p' started)

cat >probe.py <<'END'
import sys

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

# The account and the key that every Azurite has, as its documentation prints them.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
service = BlobServiceClient(sys.argv[1].rstrip("/") + "/devstoreaccount1", credential=KEY, retry_total=0)
container = service.create_container("usage")
blob = container.get_blob_client("blob")
blob.upload_blob(b"first")
blob.upload_blob(b"second", overwrite=True)
VERSION = "2026-11-29T12:00:00.0000000Z"
listed = list(container.list_blobs(include=["versions"]))
print("listed with versions:", [(each.name, each.version_id) for each in listed])
print("get of a version:", blob.download_blob(version_id=VERSION).readall())
try:
    blob.delete_blob(version_id=VERSION)
except HttpResponseError as error:
    print(f"delete of a version: {error.status_code} {error.error_code}")
else:
    print("delete of a version: accepted")
print("the blob is there:", blob.exists())
END

cat >expected <<'END'
listed with versions: [('blob', None)]
get of a version: b'second'
delete of a version: accepted
the blob is there: False
END
venv/bin/python probe.py "$address" | tee seen
diff expected seen
echo 'As it was written down.'
