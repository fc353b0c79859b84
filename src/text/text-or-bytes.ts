/** The text of UTF-8; bytes that are none as they are, for whoever must not take another encoding for a text. */
export function textOrBytes(bytes: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return bytes
  }
}
