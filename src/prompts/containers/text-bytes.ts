/** Strict UTF-8, or undefined. */
export function strictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** One character a byte; not `TextDecoder('latin1')`, which is Windows-1252. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}

/** What PNG calls Latin-1 is UTF-8 from many tools. */
export const utf8OrLatin1 = (bytes: Uint8Array): string => strictUtf8(bytes) ?? latin1(bytes)

/** Without the NULs that end it. */
export function withoutEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}

/** A view of the bytes if they begin so. */
export function startsWith(bytes: Uint8Array, start: string, at = 0): boolean {
  if (at + start.length > bytes.length) return false
  for (let i = 0; i < start.length; i++) if (bytes[at + i] !== start.charCodeAt(i)) return false
  return true
}
