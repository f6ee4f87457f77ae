#!/usr/bin/env bash
# zlib-ng: what it compresses depends on the pieces in which it is handed over, which that of zlib does not.
#
# Versions: zlib-ng 1.1.0 (with zlib-ng 2.3.3) and the zlib of Python
# Guess: a compressor that is drop-in for zlib's gives one and the same stream for the same bytes and level, whether they
#   come in one piece or in many, as long as nobody flushes in between: how a download was cut leaves no trace.
# Seen: each way of cutting 4 MB gives another stream with zlib-ng, all of them of nearly the same size and all right; with
#   zlib one and the same.
# For the archive: the same body gives the same packed bytes on each pull, so that their hash can be compared: zlib-ng gets
#   a body in pieces of one size, however its download was cut.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check zlib-ng==1.1.0

cat >probe.py <<'END'
import gzip
import random
import zlib
from hashlib import sha256
from importlib.metadata import version

from zlib_ng import zlib_ng

chance = random.Random(1)
words = ["2026-11-20", "True", "False", "MICROSOFT 365 E5", "contoso.com", ""]
body = "\n".join(",".join(chance.choices(words, k=20)) for _ in range(40_000)).encode()[: 4 << 20]


def packed(module, size):
    packer = module.compressobj(6, wbits=31)
    content = b"".join([packer.compress(body[start : start + size]) for start in range(0, len(body), size)])
    content += packer.flush()
    assert gzip.decompress(content) == body
    return sha256(content).hexdigest()[:8]


sizes = (len(body), 256 << 10, 100_000, 4_099)
found = {name: [packed(module, size) for size in sizes] for name, module in {"zlib": zlib, "zlib-ng": zlib_ng}.items()}
print(f"zlib-ng {version('zlib-ng')}, in pieces of {', '.join(map(str, sizes))} bytes:")
for name, hashes in found.items():
    print(f"{name}: {' '.join(hashes)}")
assert len({*found["zlib"]}) == 1, "zlib has changed"
assert len({*found["zlib-ng"]}) > 1, "it has changed"
END
venv/bin/python probe.py
