#!/usr/bin/env bash
# KQL outside Azure: two tools answer a query that they take without complaint, and mean something else by it.
#
# Versions: kqlbridge 0.12.1 (KQL to Spark SQL and T-SQL), adxpandas 0.2.3, duckdb-kql 1.1.2 with duckdb 2.0.1
# Guess: what such a tool does not support it refuses, as their pages say; `contains` looks at no letter case, as in Kusto,
#   and `bin(timestamp, 7d)` counts weeks.
# Seen: kqlbridge makes `bin(timestamp, 7d)` a DATE_TRUNC to the day, the same text as for `1d`, and `contains` a LIKE that
#   looks at letter case, `startswith` likewise, while its `has` does not. adxpandas finds nothing for 'PULL' in
#   'pull.published' with either, and does with `has`. duckdb-kql finds it with all three.
# For the archive: its alarms (infra/alarms.bicep) are KQL for Azure Monitor. Whoever carries them to Fabric or runs them
#   over exported logs must look at what comes out, not at whether it ran.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check kqlbridge==0.12.1 adxpandas==0.2.3 duckdb-kql==1.1.2 duckdb==2.0.1 \
    pandas==3.1.1

cat >probe.py <<'END'
import adxpandas
import duckdb
import duckdb_kql
import kqlbridge
import pandas

traces = pandas.DataFrame(
    {
        "timestamp": pandas.to_datetime([f"2026-11-{day}" for day in (16, 17, 18, 18)]),
        "message": ["pull.published", "pull.unchanged", "run.finished", "pull.deferred"],
    }
)
connection = duckdb.connect()
connection.execute("create table traces as select * from traces")
tools = {
    "adxpandas": lambda query: adxpandas.AdxPandasClient({"traces": traces}).query(query),
    "duckdb-kql": lambda query: duckdb_kql.df(connection, query),
}

for condition in ("message startswith 'PULL'", "message contains 'PULL'", "message has 'PULL'"):
    for name, ask in tools.items():
        print(f"{condition}, {name}: {int(ask(f'traces | where {condition} | count').iloc[0, 0])}")
    print(f"{condition}, kqlbridge: {kqlbridge.translate(f'traces | where {condition} | count').splitlines()[-1]}")
weeks = "traces | summarize n = count() by bin(timestamp, {})"
print("7d is 1d, kqlbridge:", kqlbridge.translate(weeks.format("7d")) == kqlbridge.translate(weeks.format("1d")))
print("7d, kqlbridge:", kqlbridge.translate(weeks.format("7d")).splitlines()[-1])
for size in ("7d", "1d"):
    print(f"{size}, duckdb-kql: {len(tools['duckdb-kql'](weeks.format(size)))} rows")
END

cat >expected <<'END'
message startswith 'PULL', adxpandas: 0
message startswith 'PULL', duckdb-kql: 3
message startswith 'PULL', kqlbridge: WHERE message LIKE 'PULL%'
message contains 'PULL', adxpandas: 0
message contains 'PULL', duckdb-kql: 3
message contains 'PULL', kqlbridge: WHERE message LIKE '%PULL%'
message has 'PULL', adxpandas: 3
message has 'PULL', duckdb-kql: 3
message has 'PULL', kqlbridge: WHERE message RLIKE '(?i)\\bPULL\\b'
7d is 1d, kqlbridge: True
7d, kqlbridge: GROUP BY DATE_TRUNC('day', timestamp)
7d, duckdb-kql: 1 rows
1d, duckdb-kql: 3 rows
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
