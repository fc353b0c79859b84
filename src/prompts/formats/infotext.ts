/** The text that A1111 and its kin write: prompt, negative prompt, settings. */
export interface Infotext {
  readonly prompt: string
  readonly negative: string | null
  /** By name; empty where there is no line of settings. */
  readonly settings: ReadonlyMap<string, string>
}

const NEGATIVE = 'Negative prompt:'

/**
 * Takes an infotext apart. The settings are the last line that begins with `Steps:` and a whole number and names another value,
 * too; the negative prompt begins with the line that says so. Each line is trimmed, as A1111's own reader does.
 */
export function parseInfotext(text: string): Infotext {
  const lines = text.split('\n').map((line) => line.trim())
  const at = lines.findLastIndex(isSettings)
  const prompt: string[] = []
  const negative: string[] = []
  let into = prompt
  for (const line of at < 0 ? lines : lines.slice(0, at)) {
    if (line.startsWith(NEGATIVE)) into = negative
    into.push(line.startsWith(NEGATIVE) ? line.slice(NEGATIVE.length).trim() : line)
  }
  return {
    prompt: joined(prompt),
    negative: joined(negative) || null,
    settings: at < 0 ? new Map() : parseSettings(lines[at]!),
  }
}

/** Whether a text of unknown origin is an infotext. */
export function isInfotext(text: string): boolean {
  return text.split('\n').some((line) => line.trim().startsWith(NEGATIVE) || isSettings(line.trim()))
}

const joined = (lines: readonly string[]): string => lines.join('\n').replaceAll('\0', '').trim()

const isSettings = (line: string): boolean =>
  /^Steps: *\d+(?:[,\s]|$)/.test(line) && parseSettings(line).size >= 2

/** `Key: value, Key: "JSON string"`; a value of which more cannot be told ends at the next comma. */
function parseSettings(line: string): Map<string, string> {
  const settings = new Map<string, string>()
  let unclosed = 0
  for (let at = 0; at < line.length;) {
    const colon = line.indexOf(':', at)
    if (colon < 0) break
    // A comma before the colon belongs to what came before.
    const key = line.slice(at + line.slice(at, colon).lastIndexOf(',') + 1, colon).trim()
    let from = colon + 1
    while (line.charAt(from) === ' ') from++
    // The search for a closer that is not there takes the whole line each time.
    const closed = unclosed < MOST_UNCLOSED ? endOfClosed(line, from) : from
    if (closed === undefined) unclosed++
    const end = comma(line, closed ?? from)
    if (/^\w[\w \-/]*$/.test(key)) settings.set(key, unquoted(line.slice(from, end).trim()))
    at = end + 1
  }
  return settings
}

/** Values that open a quote or a bracket and do not close it; after as many, commas end all values. */
const MOST_UNCLOSED = 16

/** Where the quotes, brackets and braces end that a value begins with, in which commas do not end it. */
function endOfClosed(line: string, from: number): number | undefined {
  if (from >= line.length || !'"[{'.includes(line.charAt(from))) return from
  let depth = 0
  let quoted = false
  for (let at = from; at < line.length; at++) {
    const char = line.charAt(at)
    if (char === '\\') at++
    else if (char === '"') quoted = !quoted
    else if (!quoted && (char === '[' || char === '{')) depth++
    else if (!quoted && (char === ']' || char === '}')) depth--
    if (!quoted && depth <= 0) return at
  }
  return undefined
}

function comma(line: string, from: number): number {
  const found = line.indexOf(',', from)
  return found < 0 ? line.length : found
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value
  try {
    return String(JSON.parse(value))
  } catch {
    return value
  }
}
