#!/usr/bin/env bash
# DuckDB, Spark: a column of a Parquet file is replaced by what the name of its folder says, in any letter case.
#
# Versions: duckdb 2.0.1 (and 1.5.5), pyspark 4.3.0 (Java 17); polars 2.1.0, pyarrow 26.0.1, datafusion 55.0.0
# Guess: what a file says in a column `Month` is what a reader gives for `Month`, wherever the file lies; a folder
#   `month=2026-11` adds a column `month`, or the reader says that there are two.
# Seen: DuckDB, which looks for such folders unasked, and Spark have one column, and in it what the folder says: `May` is
#   gone without an error. Polars, PyArrow and DataFusion give both.
# For the archive: no column of a table is named as one of its folders is; Microsoft's `Month` would be `Month (2)`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    duckdb==2.0.1 pyspark==4.3.0 polars==2.1.0 pyarrow==26.0.1 datafusion==55.0.0

cat >probe.py <<'END'
from pathlib import Path

import duckdb
import polars
import pyarrow
from datafusion import SessionContext
from pyarrow import dataset, parquet
from pyspark.sql import SparkSession

Path("usage/month=2026-11").mkdir(parents=True)
table = pyarrow.table({"Day": ["2026-11-15"], "Month": ["May"], "Teams": [73]})
parquet.write_table(table, "usage/month=2026-11/one.parquet")

found = duckdb.sql("SELECT * FROM read_parquet('usage/*/*.parquet')")
print("DuckDB:", dict(zip(found.columns, found.fetchall()[0])))
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
print("Spark:", spark.read.parquet("usage").collect()[0].asDict())
print("Polars:", polars.read_parquet("usage").to_dicts()[0])
print("PyArrow:", dataset.dataset("usage", partitioning="hive").to_table().to_pylist()[0])
context = SessionContext()
context.register_parquet("usage", "usage", table_partition_cols=[("month", pyarrow.string())])
print("DataFusion:", context.sql("SELECT * FROM usage").to_pylist()[0])
END

cat >expected <<'END'
DuckDB: {'Day': '2026-11-15', 'Month': '2026-11', 'Teams': 73}
Spark: {'Day': '2026-11-15', 'month': '2026-11', 'Teams': 73}
Polars: {'Day': '2026-11-15', 'Month': 'May', 'Teams': 73, 'month': '2026-11'}
PyArrow: {'Day': '2026-11-15', 'Month': 'May', 'Teams': 73, 'month': '2026-11'}
DataFusion: {'Day': '2026-11-15', 'Month': 'May', 'Teams': 73, 'month': '2026-11'}
END
venv/bin/python probe.py 2>errors | tee seen || { cat errors; exit 1; }
diff expected seen
echo 'As it was written down.'
