"""The log that makes a Delta table of the tables of a call: what its commits and checkpoints say. Pure.

It is that of https://github.com/delta-io/delta/blob/master/PROTOCOL.md. Delta allows no blanks in the names of columns,
so they are mapped by name: what a column is called in the files is its physical name. A commit tells in `commitInfo`,
which may hold anything, all that the table is after it, so that the next one needs no other.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from arro3.core import DataType, Field, Schema
from arro3.io import read_json, write_parquet

from shared.report.compression import CompressionError, compress, decompress
from shared.report.csv_records import distinct
from shared.report.text_columns import STRING
from shared.report.typed_columns import DAY, INTEGER, TRUTH, field_id
from shared.report.typed_table import types_of

UNREADABLE = (CompressionError, ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What `read` raises for anything that is no commit of this app."""
_TABLE = "usageTable"
_PROTOCOL = {"minReaderVersion": 2, "minWriterVersion": 5}
"""The first that map columns."""
_LONG, _DOUBLE = DataType.int64(), DataType.float64()
_NAMES = {STRING: "string", DAY: "date", INTEGER: "integer", _LONG: "long", _DOUBLE: "double", TRUTH: "boolean"}


class DeltaFile(NamedTuple):
    """A Parquet file of a table."""

    size: int
    rows: int


class DeltaTable(NamedTuple):
    """A table, as its log tells of it."""

    report: str
    key: str
    """Of the call's argument, as names spell it."""
    columns: Sequence[str]
    """Those of the report, as the files call them, in first-seen order."""
    files: Mapping[str, DeltaFile]
    """By their path from the folder of the table."""


def commit(before: DeltaTable | None, now: DeltaTable, at: datetime) -> bytes:
    """Return the commit, made at `at`, that follows the one that left the table as `before` (None: there is none)."""
    time, former = _milliseconds(at), before.files if before else {}
    told = b64encode(compress(json.dumps({"columns": [*now.columns], "files": now.files}).encode())).decode()
    actions: list[Mapping[str, object]] = [
        {"commitInfo": {"timestamp": time, "operation": "WRITE", "operationParameters": {}, _TABLE: told}}
    ]
    if not before:
        actions.append({"protocol": _PROTOCOL})
    if not before or before.columns != now.columns:
        actions.append({"metaData": _metadata(now)})
    actions += [
        {"remove": {"path": path, "deletionTimestamp": time, "dataChange": True}}
        for path in former
        if path not in now.files
    ]
    actions += [_add(path, file, time) for path, file in now.files.items() if former.get(path) != file]
    return "".join(f"{json.dumps(action)}\n" for action in actions).encode()


def read(report: str, key: str, stored: bytes) -> DeltaTable:
    """Return the table after a commit. Raise one of UNREADABLE for anything that `commit` did not make."""
    first, *_ = [json.loads(line) for line in stored.splitlines()]
    told = json.loads(decompress(b64decode(first["commitInfo"][_TABLE])))
    files = {str(path): DeltaFile(int(size), int(rows)) for path, (size, rows) in told["files"].items()}
    return DeltaTable(report, key, tuple(map(str, told["columns"])), files)


def checkpoint(table: DeltaTable, at: datetime) -> bytes:
    """Return all that the log says of a table in one Parquet file, so that no earlier commit is needed."""
    adds = [_add(path, file, _milliseconds(at)) for path, file in table.files.items()]
    actions = [{"protocol": _PROTOCOL}, {"metaData": _metadata(table)}, *adds]
    rows = BytesIO("".join(f"{json.dumps(action)}\n" for action in actions).encode())
    file = BytesIO()
    write_parquet(read_json(rows, _CHECKPOINT), file, compression="snappy", skip_arrow_metadata=True)
    return file.getvalue()


def _add(path: str, file: DeltaFile, time: int) -> dict[str, Any]:
    stats = json.dumps({"numRecords": file.rows})
    facts = {"path": path, "partitionValues": {}, "size": file.size, "modificationTime": time, "dataChange": True}
    return {"add": facts | {"stats": stats}}


def _metadata(table: DeltaTable) -> dict[str, Any]:
    types = types_of(table.report, table.columns)
    shown = distinct([name or "_blank" for name in types])
    fields = [
        {
            "name": name,
            "type": _NAMES[kind],
            "nullable": True,
            "metadata": {"delta.columnMapping.id": field_id(physical), "delta.columnMapping.physicalName": physical},
        }
        for name, (physical, kind) in zip(shown, types.items(), strict=True)
    ]
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{table.report}/{table.key}")),
        "name": f"{table.report}_{table.key}",
        "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": fields}),
        "partitionColumns": [],
        "configuration": {
            "delta.columnMapping.mode": "name",
            "delta.columnMapping.maxColumnId": str(max(field_id(physical) for physical in types)),
        },
    }


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _struct(**fields: DataType) -> DataType:
    return DataType.struct([Field(name, kind, nullable=True) for name, kind in fields.items()])


_MAP = DataType.map(Field("key", STRING, nullable=False), Field("value", STRING, nullable=True), False)
_CHECKPOINT = Schema(
    [
        Field("protocol", _struct(minReaderVersion=INTEGER, minWriterVersion=INTEGER), nullable=True),
        Field(
            "metaData",
            _struct(
                id=STRING,
                name=STRING,
                format=_struct(provider=STRING, options=_MAP),
                schemaString=STRING,
                partitionColumns=DataType.list(Field("element", STRING, nullable=True)),
                configuration=_MAP,
            ),
            nullable=True,
        ),
        Field(
            "add",
            _struct(
                path=STRING, partitionValues=_MAP, size=_LONG, modificationTime=_LONG, dataChange=TRUTH, stats=STRING
            ),
            nullable=True,
        ),
        Field("remove", _struct(path=STRING, deletionTimestamp=_LONG, dataChange=TRUTH), nullable=True),
        Field("txn", _struct(appId=STRING, version=_LONG), nullable=True),
    ]
)
