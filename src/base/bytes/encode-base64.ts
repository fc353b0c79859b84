/** Characters that `String.fromCharCode` takes at a time. */
const PIECE = 8192

/** Bytes as base64 (RFC 4648, 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += PIECE)
    binary += String.fromCharCode(...bytes.subarray(at, at + PIECE))
  return btoa(binary)
}
