#!/usr/bin/env bash
# csvkit: a column of counts becomes true and false when nobody counted further than 1.
#
# Versions: csvkit 2.2.0 with agate 1.14.2
# Guess: a column of numbers stays a column of numbers, however small they are.
# Seen: agate tries Boolean before Number, and 0 and 1 are among its Booleans. So csvjson writes true and false, in2csv
#   True and False, csvstack of two days has both kinds in one column, and csvsql makes the column BOOLEAN. One 2 among the
#   rows, and all of it is numbers again. --no-inference leaves every cell as it was.
# For the archive: in a small tenant, or of a new product, many a column holds 0 and 1 alone on one day and more on the next.
#   What it serves as CSV has no types, so csvkit is to be told --no-inference.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export LC_ALL=C.UTF-8
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check csvkit==2.2.0 agate==1.14.2

printf '%s\r\n' 'Report Refresh Date,Exchange,Teams' 2026-11-18,12,1 2026-11-17,9,0 >quiet.csv
printf '%s\r\n' 'Report Refresh Date,Exchange,Teams' 2026-11-20,12,2 2026-11-19,9,0 >busy.csv

{
    for day in quiet busy; do
        echo "$day:"
        venv/bin/csvjson --stream "$day.csv"
        venv/bin/in2csv "$day.csv" | tail -n 2
        venv/bin/csvsql "$day.csv" | grep Teams
        venv/bin/csvjson --stream --no-inference "$day.csv" | head -n 1
    done
    echo 'both days, in one file:'
    for day in quiet busy; do venv/bin/in2csv "$day.csv" >"typed-$day.csv"; done
    venv/bin/csvstack typed-quiet.csv typed-busy.csv | venv/bin/csvcut --columns Teams | paste -sd ' '
} | tr -d '\t\r' | tee seen

cat >expected <<'END'
quiet:
{"Report Refresh Date": "2026-11-18", "Exchange": 12.0, "Teams": true}
{"Report Refresh Date": "2026-11-17", "Exchange": 9.0, "Teams": false}
2026-11-18,12,True
2026-11-17,9,False
"Teams" BOOLEAN NOT NULL
{"Report Refresh Date": "2026-11-18", "Exchange": "12", "Teams": "1"}
busy:
{"Report Refresh Date": "2026-11-20", "Exchange": 12.0, "Teams": 2.0}
{"Report Refresh Date": "2026-11-19", "Exchange": 9.0, "Teams": 0.0}
2026-11-20,12,2
2026-11-19,9,0
"Teams" DECIMAL NOT NULL
{"Report Refresh Date": "2026-11-20", "Exchange": "12", "Teams": "2"}
both days, in one file:
Teams True False 2 0
END
diff expected seen
echo 'As it was written down.'
