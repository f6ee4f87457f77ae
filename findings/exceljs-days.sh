#!/usr/bin/env bash
# ExcelJS, SheetJS: a day that is read from CSV gets an hour, and in half of the world it becomes the day before.
#
# Versions: exceljs 4.4.0, xlsx (SheetJS) 0.18.5; openpyxl 3.1.5 reads what they wrote
# Guess: 2026-11-18 in a CSV file is 2026-11-18 in the workbook, as neither has a time zone.
# Seen: ExcelJS takes the day for midnight of the machine's time zone and writes that as UTC: in Berlin 23:00 of the day
#   before, in New York 05:00. SheetJS takes it for midnight UTC and writes that as local time: in Berlin 01:00, in New York
#   19:00 of the day before. Only under TZ=UTC both write the day. So the same program is right on a server and wrong on a desk.
# For the archive: it serves days without a zone, as Graph sends them. A workbook of them that is joined by day, or counted by
#   month, loses rows or moves them: whoever makes one with these sets TZ=UTC, or leaves the conversion to Excel.
#
# Needs Node 20 or newer with npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openpyxl==3.1.5
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . exceljs@4.4.0 xlsx@0.18.5 >/dev/null

printf '%s\r\n' 'Report Refresh Date,Exchange' 2026-11-18,12 >report.csv
cat >convert.mjs <<'END'
import { readFileSync, writeFileSync } from "node:fs";
import ExcelJS from "exceljs";
import * as XLSX from "xlsx";

const workbook = new ExcelJS.Workbook();
await workbook.csv.readFile("report.csv");
await workbook.xlsx.writeFile("exceljs.xlsx");
const book = XLSX.read(readFileSync("report.csv"), { type: "buffer" });
writeFileSync("sheetjs.xlsx", XLSX.write(book, { type: "buffer", bookType: "xlsx" }));
END
cat >show.py <<'END'
import sys

from openpyxl import load_workbook
from openpyxl.utils.datetime import from_excel

for name in ("exceljs", "sheetjs"):
    told = load_workbook(f"{name}.xlsx").active["A2"].value
    time = told if hasattr(told, "year") else from_excel(told)  # SheetJS leaves the format of the number out
    print(f"{sys.argv[1]}, {name}: {time:%Y-%m-%d %H:%M}")
END

for zone in UTC Europe/Berlin America/New_York; do
    TZ=$zone node convert.mjs
    venv/bin/python show.py "$zone"
done | tee seen

cat >expected <<'END'
UTC, exceljs: 2026-11-18 00:00
UTC, sheetjs: 2026-11-18 00:00
Europe/Berlin, exceljs: 2026-11-17 23:00
Europe/Berlin, sheetjs: 2026-11-18 01:00
America/New_York, exceljs: 2026-11-18 05:00
America/New_York, sheetjs: 2026-11-17 19:00
END
diff expected seen
echo 'As it was written down.'
