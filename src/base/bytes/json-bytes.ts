/** Places in JSON that is still bytes of UTF-8. */

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const COLON = 0x3a
/** What may stand between two tokens. */
export const WHITE: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d])

/** Where the text's closing quote is that began before `start`, or −1. */
export function endOfText(bytes: Uint8Array, start: number): number {
  for (let end = bytes.indexOf(QUOTE, start); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let slashes = 0
    while (end - slashes > start && bytes[end - slashes - 1] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
  }
  return -1
}

/** The next byte, from `from` on, that is not white. */
export function pastWhite(bytes: Uint8Array, from: number): number {
  let at = from
  while (WHITE.has(bytes[at])) at++
  return at
}
