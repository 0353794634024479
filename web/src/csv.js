// csv.js - a table as a file of comma-separated values (RFC 4180).  Text that
// a spreadsheet would take for a formula gets an apostrophe before it.
const cell = (value) => {
  let s = String(value);
  if (typeof value !== 'number' && /^[=+\-@\t\r]/.test(s)) s = `'${s}`;
  return /[",\r\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s;
};

export const csvText = (columns, rows) =>
  [columns, ...rows].map((r) => `${r.map(cell).join(',')}\r\n`).join('');

// Gives the file to the browser to save.
export function csv(name, columns, rows) {
  const url = URL.createObjectURL(new Blob([csvText(columns, rows)],
    { type: 'text/csv' }));
  const a = document.createElement('a');
  a.href = url;
  a.download = `${name.replace(/[^\p{L}\p{N}]+/gu, '-')}.csv`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
