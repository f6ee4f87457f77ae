#!/usr/bin/env bash
# Dask: of tables in folders such as month=2026-10, concat drops each column that the first table lacks, without a word.
#
# Versions: dask 2026.8.0, with pandas 3.1.1 and pyarrow 25.0.1
# Guess: one read_parquet for each file and dask.dataframe.concat is the way to tables whose columns changed; its default
#   is join="outer", as that of pandas, which keeps all columns.
# Seen: of the same two files it keeps all columns where they lie in one folder, and where their folders have no value;
#   below month=... the column that the second file alone has is gone. The folder's value becomes a categorical column,
#   and with one in the first frame concat takes the first frame's columns for all. pandas keeps them.
# For the archive: docs/recipes.md says so, and that without the folder's column, which no reader needs as all is in the
#   file, all columns are there.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'dask[dataframe]==2026.8.0' pandas==3.1.1 pyarrow==25.0.1

cat >probe.py <<'END_OF_PROBE'
from importlib.metadata import version
from pathlib import Path

import dask
import dask.dataframe as dd
import pandas as pd

dask.config.set(scheduler="synchronous")
TABLES = {
    "2026-10": pd.DataFrame({"day": ["2026-10-01"], "Skype": [5]}),
    "2026-11": pd.DataFrame({"day": ["2026-11-01"], "Teams": [7]}),
}


def columns(place, **options):
    """The columns that concat gives of a read of each file, which lies where `place` says."""
    files = []
    for month, table in TABLES.items():
        file = Path(place.format(month), f"{month}.parquet")
        file.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(file, index=False)
        files.append(file)
    found = dd.concat([dd.read_parquet(file, **options) for file in files])
    assert list(found.columns) == list(found.compute().columns)
    return list(found.columns)


print(f"dask {version('dask')}, pandas {version('pandas')}, pyarrow {version('pyarrow')}")
seen = {
    "one folder": columns("flat"),
    "month=...": columns("hive/month={}"),
    "month=..., not as a column": columns("hive/month={}", dataset={"partitioning": None}),
    "pandas, with that column": list(
        pd.concat([table.assign(month=pd.Categorical([month])) for month, table in TABLES.items()]).columns
    ),
}
for name, found in seen.items():
    print(f"{name}: {', '.join(found)}")
assert seen == {
    "one folder": ["day", "Skype", "Teams"],
    "month=...": ["day", "Skype", "month"],
    "month=..., not as a column": ["day", "Skype", "Teams"],
    "pandas, with that column": ["day", "Skype", "month", "Teams"],
}
END_OF_PROBE
venv/bin/python probe.py
