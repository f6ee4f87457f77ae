"""`python bench/lone_lake.py READER TABLES SNAPSHOTS ROUNDS`: one reader of lakes asks one question of a folder.

How many people had a licence for Exchange on each refresh date, and how many of them never used it: of the tables and
of the csv.gz, in turns. Prints one JSON line: the seconds of each round of both, and whether both say the same, and
what. Run by the Python that has the reader; it knows nothing of the app.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LICENCE, USED, DAY = "Has Exchange License", "Exchange Last Activity Date", "Report Refresh Date"
Answer = list[tuple[str, int, int]]


def polars(tables: Path, snapshots: Path) -> tuple[Callable[[], Any], Callable[[], Any]]:
    import polars as pl

    def asked(usage: Any, day: str) -> Any:
        people = usage.filter(pl.col(LICENCE)).group_by(day).agg(pl.len().alias("people"), pl.col(USED).is_null().sum())
        return people.collect().iter_rows()

    def of_tables() -> Any:
        usage = pl.concat([pl.scan_parquet(file) for file in tables.glob("*/*.parquet")], how="diagonal")
        return asked(usage.filter(pl.col("newest")), "refresh_date")

    return of_tables, lambda: asked(pl.scan_csv(f"{snapshots}/*/*/*.csv.gz"), DAY)


def pyarrow(tables: Path, snapshots: Path) -> tuple[Callable[[], Any], Callable[[], Any]]:
    import pyarrow as pa
    from pyarrow import dataset, parquet

    def asked(usage: Any, day: str) -> Any:
        found = usage.group_by(day).aggregate([(LICENCE, "count"), (USED, "count")])
        return [
            (row[day], row[f"{LICENCE}_count"], row[f"{LICENCE}_count"] - row[f"{USED}_count"])
            for row in found.to_pylist()
        ]

    def of_tables() -> Any:
        files = list(tables.glob("*/*.parquet"))
        usage = dataset.dataset(files, schema=pa.unify_schemas([parquet.read_schema(file) for file in files]))
        is_asked = dataset.field("newest") & dataset.field(LICENCE)
        return asked(usage.to_table(["refresh_date", LICENCE, USED], filter=is_asked), "refresh_date")

    def of_snapshots() -> Any:
        usage = dataset.dataset(str(snapshots), format="csv", partitioning="hive")
        return asked(usage.to_table([DAY, LICENCE, USED], filter=dataset.field(LICENCE)), DAY)

    return of_tables, of_snapshots


def pandas(tables: Path, snapshots: Path) -> tuple[Callable[[], Any], Callable[[], Any]]:
    import pandas as pd

    def asked(usage: Any, day: str) -> Any:
        people = usage[usage[LICENCE]].groupby(day)[USED]
        return zip(people.size().index, people.size(), people.size() - people.count(), strict=True)

    def of_tables() -> Any:
        columns = ["refresh_date", LICENCE, USED]
        usage = pd.concat(
            pd.read_parquet(file, columns=columns, filters=[("newest", "==", True)], dtype_backend="pyarrow")
            for file in tables.glob("*/*.parquet")
        )
        return asked(usage, "refresh_date")

    return of_tables, lambda: asked(pd.concat(map(pd.read_csv, snapshots.glob("*/*/*.csv.gz"))), DAY)


def spark(tables: Path, snapshots: Path) -> tuple[Callable[[], Any], Callable[[], Any]]:
    from pyspark.sql import SparkSession, functions

    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    session.sparkContext.setLogLevel("OFF")

    def asked(usage: Any, day: str) -> Any:
        never = functions.count(functions.when(functions.col(USED).isNull(), 1))
        return usage.where(f"`{LICENCE}`").groupBy(day).agg(functions.count("*"), never).collect()

    def of_tables() -> Any:
        usage = session.read.option("mergeSchema", "true").parquet(str(tables))
        return asked(usage.where("newest"), "refresh_date")

    def of_snapshots() -> Any:
        return asked(session.read.csv(str(snapshots), header=True, inferSchema=True), DAY)

    return of_tables, of_snapshots


READERS = {"polars": polars, "pyarrow": pyarrow, "pandas": pandas, "spark": spark}


def plain(rows: Any) -> Answer:
    """The rows as every reader has them."""
    return sorted((str(day)[:10], int(people), int(without)) for day, people, without in rows)


def main() -> None:
    """Ask."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    reader, tables, snapshots, rounds = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    sides = READERS[reader](tables, snapshots)
    answers = [plain(side()) for side in sides]
    took: tuple[list[float], list[float]] = [], []
    for number in range(rounds):
        for place in (0, 1) if number % 2 else (1, 0):
            started = time.perf_counter()
            answer = plain(sides[place]())
            took[place].append(time.perf_counter() - started)
            assert answer == answers[place]
    print(json.dumps({"took": took, "answers": answers}), file=told, flush=True)


if __name__ == "__main__":
    main()
