// csv.js - a table as a file of comma-separated values (RFC 4180).  Text that
// a spreadsheet would take for a formula gets an apostrophe before it, and so
// does what looks like such text already: one is taken away when it is read.
const cell = (value) => {
  let s = String(value);
  if (typeof value !== 'number' && /^'*[=+\-@\t\r]/.test(s)) s = `'${s}`;
  return /[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
};

export const csvText = (columns, rows) =>
  [columns, ...rows].map((r) => `${r.map(cell).join(',')}\r\n`).join('');

// Rows of cells of a file by RFC 4180; quoted cells keep their ends of line.
export function parseCsv(text) {
  const rows = [];
  let row = [], cell = '', quoted = false;
  const end = () => { row.push(cell.replace(/^'(?='*[=+\-@\t\r])/, '')); cell = ''; };
  const s = text.replace(/^\ufeff/, '');
  for (let i = 0; i < s.length; i++) {
    const c = s[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (s[i + 1] === '"') { cell += '"'; i++; } else quoted = false;
    } else if (c === '"' && cell === '') quoted = true;
    else if (c === ',') end();
    else if (c === '\n' || c === '\r') {
      if (c === '\r' && s[i + 1] === '\n') i++;
      end(); rows.push(row); row = [];
    } else cell += c;
  }
  if (cell || row.length) { end(); rows.push(row); }
  return rows.filter((r) => r.length > 1 || r[0] !== '');
}

// Gives a file to the browser to save.
export function saveText(name, text, type = 'text/csv') {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement('a');
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
export const csv = (name, columns, rows) => saveText(
  `${name.replace(/[^\p{L}\p{N}]+/gu, '-')}.csv`, csvText(columns, rows));
