#!/usr/bin/env bash
# fastparquet: texts behind the end of a column's dictionary are read as nothing, without an error.
#
# Versions: fastparquet 2026.9.0, with pyarrow 26.0.1 and pandas 3.1.1
# Guess: a writer gives up a dictionary that grows beyond a megabyte, and goes on without one in the same column; that is
#   in the format from the beginning and pyarrow's default, so each reader has met it.
# Seen: pandas with engine="fastparquet" has all rows, and null from the first page without the dictionary on: of 100,000
#   addresses 61,568 are gone. Of numbers none is; without a dictionary, or with one that holds all, no text is either.
# For the archive: its tables of many people had such columns. Texts that do not repeat have no dictionary now, and
#   where there is one, it holds the column to the end of its group of rows.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check fastparquet==2026.9.0 pandas==3.1.1 pyarrow==26.0.1

cat >probe.py <<'END'
import warnings
from importlib.metadata import version

import pandas
import pyarrow as pa
import pyarrow.parquet as parquet

warnings.simplefilter("ignore")  # pandas says that it will drop this engine
PEOPLE = [f"person{number:06}@contoso.com" for number in range(100_000)]


def missing(values, kind, engine, **options):
    """How many of the values are nothing when they are read again."""
    parquet.write_table(pa.table({"cell": pa.array(values, type=kind)}), "cells.parquet", **options)
    cells = pandas.read_parquet("cells.parquet", engine=engine)["cell"]
    assert len(cells) == len(values)
    return int(cells.isna().sum())


for engine in ("pyarrow", "fastparquet"):
    print(f"{engine} {version(engine)}")
    print("  texts, by default:", missing(PEOPLE, pa.string(), engine))
    print("  the same in data pages 2.0:", missing(PEOPLE, pa.string(), engine, data_page_version="2.0"))
    print("  numbers, by default:", missing(range(1_000_000), pa.int64(), engine))
    print("  texts without a dictionary:", missing(PEOPLE, pa.string(), engine, use_dictionary=False))
    print("  texts in one dictionary:", missing(PEOPLE, pa.string(), engine, dictionary_pagesize_limit=1 << 26))
END

cat >expected <<'END'
pyarrow 26.0.1
  texts, by default: 0
  the same in data pages 2.0: 0
  numbers, by default: 0
  texts without a dictionary: 0
  texts in one dictionary: 0
fastparquet 2026.9.0
  texts, by default: 61568
  the same in data pages 2.0: 61568
  numbers, by default: 0
  texts without a dictionary: 0
  texts in one dictionary: 0
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
