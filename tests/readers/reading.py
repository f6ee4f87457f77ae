"""One reader, in an environment of its own: `python reading.py READER SOURCE` answers each line of the input by one.

A line is JSON: the `folder` of one call, and the `columns` that are asked for. So is the answer: the `rows` of the
newest revisions, a list of texts each, or the `error` that the reader told. Tables are read as docs/recipes.md does
it; the snapshots as the documentation of the reader has it, with the revisions chosen where the reader knows of them.

It knows nothing of the app, and imports a reader when it is asked for.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

Rows = Any
"""Iterables of cells."""


def quoted(columns: Iterable[str], mark: str = '"') -> str:
    """The columns as SQL has them."""
    return ", ".join(mark + each.replace(mark, 2 * mark) + mark for each in columns)


def newest_of(rows: Iterable[tuple[Any, Any, list[Any]]]) -> Rows:
    """The rows of the last revision of each day, of rows with their day and revision."""
    found = [(str(day)[:10], revision, cells) for day, revision, cells in rows]
    last = {day: max(each for other, each, _ in found if other == day) for day, _, _ in found}
    return [cells for day, revision, cells in found if revision == last[day]]


# -- DuckDB ------------------------------------------------------------------------------------------------------------


def duckdb_tables(folder: Path, columns: list[str]) -> Rows:
    import duckdb

    table = f"read_parquet('{folder}/*/*.parquet', union_by_name = true)"
    return duckdb.sql(f"SELECT {quoted(columns)} FROM {table} WHERE newest").fetchall()


def duckdb_snapshots(folder: Path, columns: list[str]) -> Rows:
    import duckdb

    files = f"'{folder}/*/*/*.csv.gz', hive_partitioning = true"
    query = f"SELECT {quoted(columns)} FROM read_csv({files})"
    return duckdb.sql(f"{query} QUALIFY revision = max(revision) OVER (PARTITION BY refresh_date)").fetchall()


def duckdb_union_snapshots(folder: Path, columns: list[str]) -> Rows:
    import duckdb

    files = f"'{folder}/*/*/*.csv.gz', hive_partitioning = true, union_by_name = true, buffer_size = 2100000"
    query = f"SELECT {quoted(columns)} FROM read_csv({files})"
    return duckdb.sql(f"{query} QUALIFY revision = max(revision) OVER (PARTITION BY refresh_date)").fetchall()


# -- Polars ------------------------------------------------------------------------------------------------------------


def polars_tables(folder: Path, columns: list[str]) -> Rows:
    import polars as pl

    usage = pl.concat([pl.scan_parquet(file) for file in folder.glob("*/*.parquet")], how="diagonal")
    return usage.filter(pl.col("newest")).select(columns).collect().iter_rows()


def polars_snapshots(folder: Path, columns: list[str]) -> Rows:
    import polars as pl

    usage = pl.scan_csv(f"{folder}/*/*/*.csv.gz", missing_columns="insert", extra_columns="ignore")
    return usage.select(columns).collect().iter_rows()


# -- PyArrow -----------------------------------------------------------------------------------------------------------


def pyarrow_tables(folder: Path, columns: list[str]) -> Rows:
    import pyarrow as pa
    from pyarrow import dataset, parquet

    files = list(folder.glob("*/*.parquet"))
    usage = dataset.dataset(files, schema=pa.unify_schemas([parquet.read_schema(file) for file in files]))
    found = usage.to_table(columns, filter=dataset.field("newest"))
    return zip(*(column.to_pylist() for column in found.columns), strict=True)


def pyarrow_snapshots(folder: Path, columns: list[str]) -> Rows:
    from pyarrow import dataset

    found = dataset.dataset(str(folder), format="csv", partitioning="hive").to_table()
    whole = found.select([*columns, "refresh_date", "revision"])
    rows = zip(*(column.to_pylist() for column in whole.columns), strict=True)
    return newest_of((row[-2], row[-1], list(row[:-2])) for row in rows)


# -- pandas ------------------------------------------------------------------------------------------------------------


def pandas_tables(folder: Path, columns: list[str]) -> Rows:
    import pandas as pd

    usage = pd.concat(
        pd.read_parquet(file, filters=[("newest", "==", True)], dtype_backend="pyarrow")
        for file in folder.glob("*/*.parquet")
    )
    return usage[columns].itertuples(index=False)


def pandas_snapshots(folder: Path, columns: list[str]) -> Rows:
    import pandas as pd

    found = pd.concat(pd.read_csv(file) for file in sorted(folder.glob("*/*/*.csv.gz")))
    return found[columns].itertuples(index=False)


# -- Spark -------------------------------------------------------------------------------------------------------------


@cache
def spark_session() -> Any:
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    builder = SparkSession.builder.master("local[1]").config("spark.driver.host", "127.0.0.1")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def spark_tables(folder: Path, columns: list[str]) -> Rows:
    usage = spark_session().read.option("mergeSchema", "true").parquet(str(folder)).where("newest")
    return usage.select(*(f"`{each}`" for each in columns)).collect()


def spark_snapshots(folder: Path, columns: list[str]) -> Rows:
    session = spark_session()
    usage = session.read.csv(str(folder), header=True, inferSchema=True)
    found = usage.select("refresh_date", "revision", *(f"`{each}`" for each in columns)).collect()
    return newest_of((row[0], row[1], list(row[2:])) for row in found)


# -- ClickHouse --------------------------------------------------------------------------------------------------------


def chdb_asked(query: str) -> Rows:
    import chdb

    answer = chdb.query(query, "JSONCompact")
    return json.loads(str(answer))["data"]


def chdb_tables(folder: Path, columns: list[str]) -> Rows:
    query = f"SELECT {quoted(columns, '`')} FROM file('{folder}/*/*.parquet', Parquet) WHERE newest"
    return chdb_asked(f"{query} SETTINGS schema_inference_mode = 'union', output_format_json_quote_64bit_integers = 1")


def chdb_snapshots(folder: Path, columns: list[str]) -> Rows:
    names = quoted(["refresh_date", "revision", *columns], "`")
    query = f"SELECT {names} FROM file('{folder}/*/*/*.csv.gz', CSVWithNames)"
    settings = "SETTINGS use_hive_partitioning = 1, output_format_json_quote_64bit_integers = 1"
    return newest_of((row[0], int(row[1]), row[2:]) for row in chdb_asked(f"{query} {settings}"))


# -- DataFusion --------------------------------------------------------------------------------------------------------


def datafusion_asked(context: Any, query: str) -> Rows:
    batches = context.sql(query).collect()
    return [row for batch in batches for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)]


def datafusion_tables(folder: Path, columns: list[str]) -> Rows:
    from datafusion import SessionContext

    context = SessionContext()
    context.register_parquet("usage", str(folder))
    return datafusion_asked(context, f"SELECT {quoted(columns)} FROM usage WHERE newest")


def datafusion_snapshots(folder: Path, columns: list[str]) -> Rows:
    from datafusion import SessionContext

    context = SessionContext()
    context.sql(
        f"CREATE EXTERNAL TABLE usage STORED AS CSV PARTITIONED BY (refresh_date, revision) LOCATION '{folder}/' "
        "OPTIONS ('format.has_header' 'true', 'format.compression' 'gzip')"
    )
    latest = "SELECT refresh_date AS day, max(revision) AS last FROM usage GROUP BY refresh_date"
    return datafusion_asked(
        context, f"SELECT {quoted(columns)} FROM usage JOIN ({latest}) ON refresh_date = day AND revision = last"
    )


# -- R -----------------------------------------------------------------------------------------------------------------

R = """
files <- list.files("%s", pattern = "%s", recursive = TRUE, full.names = TRUE)
read <- function(file) read.csv(file, check.names = FALSE, fileEncoding = "%s"%s)
%s
cat(jsonlite::toJSON(usage[, c(%s), drop = FALSE], dataframe = "values", na = "null", digits = NA))
"""
R_BY_NAME = """
tables <- lapply(files, read)
columns <- unique(unlist(lapply(tables, names)))
usage <- do.call(rbind, lapply(tables, function(table) {
  table[setdiff(columns, names(table))] <- rep(NA, nrow(table))
  table[columns]
}))
usage <- usage[usage$newest == "true", ]
"""


def r_asked(program: str) -> Rows:
    done = subprocess.run(["Rscript", "-"], input=program, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or "it ended")
    return json.loads(done.stdout)


def r_tables(folder: Path, columns: list[str]) -> Rows:
    options = ', colClasses = "character", na.strings = ""'
    return r_asked(R % (folder, "[.]csv$", "UTF-8", options, R_BY_NAME, quoted(columns)))


def r_snapshots(folder: Path, columns: list[str]) -> Rows:
    by_position = "usage <- do.call(rbind, lapply(files, read))"
    return r_asked(R % (folder, "[.]csv[.]gz$", "UTF-8-BOM", "", by_position, quoted(columns)))


READERS: dict[str, dict[str, Callable[[Path, list[str]], Rows]]] = {
    "duckdb": {"tables": duckdb_tables, "snapshots": duckdb_snapshots, "union": duckdb_union_snapshots},
    "polars": {"tables": polars_tables, "snapshots": polars_snapshots},
    "pyarrow": {"tables": pyarrow_tables, "snapshots": pyarrow_snapshots},
    "pandas": {"tables": pandas_tables, "snapshots": pandas_snapshots},
    "spark": {"tables": spark_tables, "snapshots": spark_snapshots},
    "chdb": {"tables": chdb_tables, "snapshots": chdb_snapshots},
    "datafusion": {"tables": datafusion_tables, "snapshots": datafusion_snapshots},
    "r": {"tables": r_tables, "snapshots": r_snapshots},
}


def text(value: Any) -> str | None:
    """A cell as text; what a reader has for nothing is None."""
    if (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and math.isnan(value))
    ):
        return None
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return str(bool(value)).lower()
    return str(value)


def answered(reader: str, source: str, task: dict[str, Any]) -> dict[str, Any]:
    """The rows that a reader gives, or what it says instead."""
    try:
        rows = READERS[reader][source](Path(task["folder"]), task["columns"])
        return {"rows": [[text(cell) for cell in row] for row in rows]}
    except Exception as error:
        said = str(error).strip() or type(error).__name__
        return {"error": said}


def main() -> None:
    """Answer. What a reader prints besides goes nowhere."""
    reader, source = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        print(json.dumps(answered(reader, source, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
