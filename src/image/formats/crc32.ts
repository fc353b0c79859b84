/** The CRC-32 of PNG and zip (reflected polynomial 0xedb88320), four bytes a step. */
export function crc32(bytes: Uint8Array): number {
  let crc = -1
  let i = 0
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      TABLE[768 + (crc & 255)]! ^
      TABLE[512 + ((crc >>> 8) & 255)]! ^
      TABLE[256 + ((crc >>> 16) & 255)]! ^
      TABLE[crc >>> 24]!
  }
  for (; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

/** Four tables of 256: of a byte, and of that byte followed by one, two and three zero bytes. */
const TABLE: Int32Array = new Int32Array(1024)
for (let i = 0; i < 256; i++) {
  let value = i
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  TABLE[i] = value
}
for (let i = 256; i < 1024; i++) TABLE[i] = TABLE[TABLE[i - 256]! & 255]! ^ (TABLE[i - 256]! >>> 8)
