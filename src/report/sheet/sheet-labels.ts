/** The width of a text in pixels. */
export type Measure = (text: string) => number

/** What stands below a picture. */
export interface SheetLabel {
  readonly name: string
  readonly rank?: number | undefined
  readonly scores?: Readonly<Record<string, number | readonly number[] | undefined>> | undefined
}

/** The first line is rank and name; then as many scores a line as fit. Numbers have three decimals. */
export function labelLines(
  { name, rank, scores = {} }: SheetLabel,
  width: number,
  measure: Measure,
): string[] {
  const lines = [fit(inAscii(rank === undefined ? name : `#${rank} ${name}`), width, measure)]
  let line = ''
  for (const part of scoreTexts(scores)) {
    const longer = line === '' ? part : `${line}  ${part}`
    if (line !== '' && measure(longer) > width) {
      lines.push(line)
      line = part
    } else line = longer
  }
  return (line === '' ? lines : [...lines, line]).map((text) => fit(text, width, measure))
}

function scoreTexts(scores: NonNullable<SheetLabel['scores']>): string[] {
  return Object.entries(scores).flatMap(([label, given]) => {
    const values = [given ?? []].flat()
    return values.map((value, i) => `${label}${values.length > 1 ? ` ${i + 1}` : ''} ${value.toFixed(3)}`)
  })
}

/** Cut in the middle, since names tell themselves apart at both ends. */
export function fit(text: string, width: number, measure: Measure): string {
  if (measure(text) <= width) return text
  for (let kept = text.length - 1; kept > 1; kept--) {
    const head = Math.ceil(kept / 2)
    const cut = `${text.slice(0, head)}...${text.slice(text.length - (kept - head))}`
    if (measure(cut) <= width) return cut
  }
  return ''
}

/** jimp's fonts have ASCII; letters with marks lose them, the rest is shown as `?`. */
export const inAscii = (text: string): string =>
  Array.from(text.normalize('NFKD').replace(/\p{M}/gu, ''), (letter) =>
    letter >= ' ' && letter <= '~' ? letter : '?',
  ).join('')
