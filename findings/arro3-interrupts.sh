#!/usr/bin/env bash
# arro3: Ctrl-C while it writes what an iterator makes comes back as a plain Exception, which `except Exception` swallows.
#
# Versions: arro3-core and arro3-io 0.9.1 with pyarrow 26.0.1
# Guess: whatever an iterator raises that is handed to `RecordBatchReader.from_batches` comes out of the function that reads
#   it, as in pyarrow; KeyboardInterrupt and SystemExit at least, which are no Exception so that nobody catches them by mistake.
# Seen: arro3 raises `Exception` with their text, so that a program that goes on after an Exception does not stop. pyarrow
#   raises KeyboardInterrupt itself.
# For the archive: `to_parquet` keeps what was raised, whatever it is, and raises that again.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check arro3-core==0.9.1 arro3-io==0.9.1 pyarrow==26.0.1

cat >probe.py <<'END'
from importlib.metadata import version
from io import BytesIO

import arro3.core
import arro3.io
import pyarrow


def interrupted(batch):
    yield batch
    raise KeyboardInterrupt


def seen(read):
    try:
        read()
    except BaseException as error:
        return type(error).__name__
    return "nothing"


of_arrow = pyarrow.RecordBatch.from_pydict({"n": [1]})
batch = arro3.core.RecordBatch.from_arrow(of_arrow)
ours = arro3.core.RecordBatchReader.from_batches(batch.schema, interrupted(batch))
theirs = pyarrow.RecordBatchReader.from_batches(of_arrow.schema, interrupted(of_arrow))
found = {
    f"arro3 {version('arro3-core')}": seen(lambda: arro3.io.write_parquet(ours, BytesIO())),
    f"pyarrow {version('pyarrow')}": seen(theirs.read_all),
}
for name, error in found.items():
    print(f"{name}: KeyboardInterrupt in the iterator comes out as {error}")
assert [*found.values()] == ["Exception", "KeyboardInterrupt"], "it has changed"
END
venv/bin/python probe.py
