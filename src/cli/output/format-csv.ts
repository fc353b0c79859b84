export type CsvField = string | number | boolean | undefined

/** One record of RFC 4180: fields with commas, quotes or line ends are quoted; the line ends in CR LF. */
export function csvRow(fields: readonly CsvField[]): string {
  return `${fields.map(csvField).join(',')}\r\n`
}

function csvField(value: CsvField): string {
  const text = String(value ?? '')
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
