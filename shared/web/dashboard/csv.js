// CSV as RFC 4180 has it.

/** The header and the rows of a CSV, with or without BOM; every cell as text. */
export function parse(text) {
  const rows = [];
  const cell = /("(?:[^"]|"")*"|(?!")[^,\r\n]*)(,|\r\n|\n|\r|$)/y;
  cell.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
  let row = [];
  while (cell.lastIndex < text.length) {
    const match = cell.exec(text);
    if (!match) throw new SyntaxError(`This is no CSV: line ${rows.length + 1} has a quote that does not end.`);
    row.push(match[1].startsWith('"') ? match[1].slice(1, -1).replaceAll('""', '"') : match[1]);
    if (match[2] !== ",") {
      if (row.length > 1 || row[0] !== "") rows.push(row);
      row = [];
    } else if (cell.lastIndex === text.length) row.push("");
  }
  if (row.length) rows.push(row);
  return { columns: rows[0] ?? [], rows: rows.slice(1) };
}

/** The cells of one column; undefined if there is no such column. */
export function column(content, name) {
  const place = content.columns.indexOf(name);
  return place < 0 ? undefined : content.rows.map((row) => row[place]);
}
