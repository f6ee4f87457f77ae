#!/usr/bin/env bash
# deltalake: with column mapping, the usual readers give a table of the right shape that holds nothing but nulls.
#
# Versions: deltalake 1.6.6 with pyarrow 26.0.1 and pandas 3.1.1; polars 2.1.0
# Guess: Delta's names may have no blanks unless columns are mapped (`Report Refresh Date` needs it). A library that can
#   open such a table reads it; one that cannot refuses, as the protocol asks of readers.
# Seen: `to_pandas`, `to_pyarrow_table` and `to_pyarrow_dataset` answer all rows, every value null, without an error or a
#   warning; a filter answers no rows. `QueryBuilder` of the same package reads the values. Polars refuses, and says why.
# For the archive: a Delta table of a report must have names that need no mapping (`report_refresh_date`), or whoever reads
#   it in a notebook gets nulls for numbers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check deltalake==1.6.6 pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0

cat >probe.py <<'END'
import json
from datetime import date
from pathlib import Path

import polars
import pyarrow
import pyarrow.parquet
from deltalake import DeltaTable, QueryBuilder

# A table with the protocol's own mapping by name: reader version 2, writer version 5.
names = {"Report Refresh Date": ("c1", "date"), "Exchange Active": ("c2", "long")}
fields = [
    {
        "name": name,
        "type": kind,
        "nullable": True,
        "metadata": {"delta.columnMapping.id": number, "delta.columnMapping.physicalName": physical},
    }
    for number, (name, (physical, kind)) in enumerate(names.items(), 1)
]
log = Path("table/_delta_log")
log.mkdir(parents=True)
columns = {"c1": pyarrow.array([date(2026, 11, 17), date(2026, 11, 18)]), "c2": pyarrow.array([310, 322])}
types = {"c1": pyarrow.date32(), "c2": pyarrow.int64()}
schema = pyarrow.schema(
    [pyarrow.field(name, types[name], metadata={"PARQUET:field_id": name[1:]}) for name in columns]
)
pyarrow.parquet.write_table(pyarrow.table(columns, schema=schema), "table/one.parquet")
actions = [
    {"protocol": {"minReaderVersion": 2, "minWriterVersion": 5}},
    {
        "metaData": {
            "id": "11111111-2222-3333-4444-555555555555",
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
            "partitionColumns": [],
            "configuration": {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2"},
            "createdTime": 0,
        }
    },
    {
        "add": {
            "path": "one.parquet",
            "partitionValues": {},
            "size": Path("table/one.parquet").stat().st_size,
            "modificationTime": 0,
            "dataChange": True,
        }
    },
]
(log / f"{0:020}.json").write_text("".join(json.dumps(action) + "\n" for action in actions))

table = DeltaTable("table")
sql = QueryBuilder().register("usage", table).execute('select "Exchange Active" from usage').read_all()
print("QueryBuilder:", sorted(pyarrow.table(sql)["Exchange Active"].to_pylist()))
print("to_pyarrow_table:", table.to_pyarrow_table()["Exchange Active"].to_pylist())
print("to_pyarrow_dataset:", table.to_pyarrow_dataset().to_table()["Report Refresh Date"].to_pylist())
print("to_pandas, rows that are not null:", int(table.to_pandas()["Exchange Active"].notna().sum()))
print("to_pandas, rows over 300:", len(table.to_pandas(filters=[("Exchange Active", ">", 300)])))
try:
    polars.read_delta("table")
except Exception as error:
    print("polars:", type(error).__name__)
END

cat >expected <<'END'
QueryBuilder: [310, 322]
to_pyarrow_table: [None, None]
to_pyarrow_dataset: [None, None]
to_pandas, rows that are not null: 0
to_pandas, rows over 300: 0
polars: DeltaProtocolError
END
venv/bin/python -W error::UserWarning probe.py | tee seen
diff expected seen
echo 'As it was written down.'
