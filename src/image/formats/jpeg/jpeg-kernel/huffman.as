// Sequential Huffman scans, as decodeSequential of decode-block.ts reads them, bit by bit alike. What lies in memory for it:
// of the reader: bits, how many are held, where the next byte is, where the natural order of coefficients lies (u32 each);
// of each component: its DC and its AC table, its blocks, the bytes of a row of blocks, blocks of a unit across and down, the last
// DC coefficient, and room for another;
// of each table: lookup (u16 × 512), whole (i32 × 512), maxCode and offsets (i32 × 18 each), symbols (u8 × 256).

/**
 * Decodes up to `count` units from column `x` on. Stops before a unit for which it would have to read past a marker, or past the
 * end, behind which 0xff stands twice. Answers how many it did.
 */
export function units(reader: usize, parts: usize, partCount: i32, x: i32, count: i32): i32 {
  const end = parts + 32 * partCount
  for (let done = 0; done < count; done++, x++) {
    const bits = load<u64>(reader)
    const at = load<u32>(reader, 8)
    for (let part = parts; part < end; part += 32) store<i32>(part, load<i32>(part, 24), 28)
    for (let part = parts; part < end; part += 32) {
      const h = load<i32>(part, 16)
      const v = load<i32>(part, 20)
      for (let row = 0; row < v; row++) {
        let to: usize = load<u32>(part, 8) + row * load<u32>(part, 12) + x * h * 128
        for (let column = 0; column < h; column++, to += 128) {
          if (block(reader, part, to)) continue
          store<u64>(reader, bits)
          store<u32>(reader, at, 8)
          for (let other = parts; other < end; other += 32) {
            store<i32>(other, load<i32>(other, 28), 24)
            const across = load<i32>(other, 16)
            for (let down = 0; down < load<i32>(other, 20); down++) {
              memory.fill(load<u32>(other, 8) + down * load<u32>(other, 12) + x * across * 128, 0, across * 128)
            }
          }
          return done
        }
      }
    }
  }
  return count
}

function block(reader: usize, part: usize, to: usize): bool {
  let bits = load<u32>(reader)
  let held = load<i32>(reader, 4)
  let at: usize = load<u32>(reader, 8)
  const order: usize = load<u32>(reader, 12)
  let table: usize = load<u32>(part)
  for (let k: u32 = 0; k < 64; k++) {
    if (held < 9) {
      while (held <= 24) {
        const byte = load<u8>(at++)
        if (byte == 0xff && load<u8>(at++)) return false
        bits = (bits << 8) | byte
        held += 8
      }
    }
    const ahead = (bits >>> (held - 9)) & 511
    if (k) {
      const coefficient = load<i32>(table + (ahead << 2), 1024)
      if (coefficient) {
        held -= coefficient & 15
        k += (coefficient >> 4) & 15
        store<i16>(to + (<usize>load<u8>(order + k) << 1), <i16>(coefficient >> 8))
        continue
      }
    }
    let symbol: i32 = load<u16>(table + (ahead << 1))
    if (symbol) {
      held -= symbol >> 8
      symbol &= 255
    } else {
      if (held < 17) {
        while (held <= 24) {
          const byte = load<u8>(at++)
          if (byte == 0xff && load<u8>(at++)) return false
          bits = (bits << 8) | byte
          held += 8
        }
      }
      let length = 10
      let code: i32 = 0
      for (; length <= 17; length++) {
        code = <i32>((bits >>> (held - length)) & ((<u32>1 << length) - 1))
        if (code <= load<i32>(table + (length << 2), 3072)) break
      }
      held -= length
      if (length <= 16) symbol = load<u8>(table + ((code + load<i32>(table + (length << 2), 3144)) & 255), 3216)
    }
    const count = symbol & 15
    let value = 0
    if (count) {
      if (held < count) {
        while (held <= 24) {
          const byte = load<u8>(at++)
          if (byte == 0xff && load<u8>(at++)) return false
          bits = (bits << 8) | byte
          held += 8
        }
      }
      held -= count
      value = <i32>((bits >>> held) & ((<u32>1 << count) - 1))
      if (value < 1 << (count - 1)) value -= (1 << count) - 1
    }
    if (k == 0) {
      value += load<i32>(part, 24)
      store<i32>(part, value, 24)
      store<i16>(to, <i16>value)
      table = load<u32>(part, 4)
      continue
    }
    k += symbol >> 4
    if (count) store<i16>(to + (<usize>load<u8>(order + k) << 1), <i16>value)
    else if (symbol < 0xf0) break
  }
  store<u32>(reader, bits)
  store<i32>(reader, held, 4)
  store<u32>(reader, at, 8)
  return true
}
