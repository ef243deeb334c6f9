// The %%track line of a cell.

/** The cell with the line where it had none, and without where it had one. Options of the line go with it. */
export function toggled(source: string): string {
  return /^\s*%%track\b/.test(source) ? source.replace(/^\s*%%track[^\n]*\n?/, '') : `%%track\n${source}`;
}
