import { unreadable } from '../../image-errors.ts'
import type { ByteReader } from '../byte-reader.ts'
import { NATURAL_ORDER } from './decode-block.ts'
import { type HuffmanTable, makeHuffmanTable } from './huffman-table.ts'

/** The tables that segments before a scan define, or, in TIFF, a stream of nothing but tables. */
export class JpegTables {
  /** In natural order. */
  readonly quant: (Uint16Array | undefined)[] = []
  readonly dc: (HuffmanTable | undefined)[] = []
  readonly ac: (HuffmanTable | undefined)[] = []
  /** Of arithmetic coding, by table; what they are where nothing is said. */
  readonly arithmeticDc: { lower: number; upper: number }[] = Array.from({ length: 16 }, () => ({
    lower: 0,
    upper: 1,
  }))
  readonly arithmeticAc: number[] = Array.from({ length: 16 }, () => 5)
  /** Units between restart markers; 0 for none. */
  restartInterval = 0

  /** Takes in a segment, if it is one of tables. */
  read(reader: ByteReader, marker: number, at: number, end: number): void {
    if (marker === 0xdb) this.#readQuant(reader, at, end)
    else if (marker === 0xc4) this.#readHuffman(reader, at, end)
    else if (marker === 0xcc) this.#readArithmetic(reader, at, end)
    else if (marker === 0xdd) this.restartInterval = reader.u16(at, false)
  }

  #readQuant(reader: ByteReader, at: number, end: number): void {
    while (at < end) {
      const head = reader.u8(at++)
      const size = head >> 4 ? 2 : 1
      if ((head & 15) > 3) throw damaged()
      const table = new Uint16Array(64)
      for (let k = 0; k < 64; k++, at += size) {
        table[NATURAL_ORDER[k]!] = size === 2 ? reader.u16(at, false) : reader.u8(at)
      }
      this.quant[head & 15] = table
    }
  }

  #readHuffman(reader: ByteReader, at: number, end: number): void {
    while (at < end) {
      const head = reader.u8(at++)
      const counts = reader.slice(at, 16)
      const total = counts.reduce((sum, count) => sum + count, 0)
      if ((head & 15) > 3 || head >> 4 > 1 || total > 256 || at + 16 + total > end) throw damaged()
      const symbols = new Uint8Array(256)
      symbols.set(reader.slice(at + 16, total))
      if (head < 16 && symbols.some((symbol) => symbol > 15)) throw damaged()
      ;(head < 16 ? this.dc : this.ac)[head & 15] = makeHuffmanTable(counts, symbols)
      at += 16 + total
    }
  }

  #readArithmetic(reader: ByteReader, at: number, end: number): void {
    for (; at + 1 < end; at += 2) {
      const head = reader.u8(at)
      const value = reader.u8(at + 1)
      if (head < 16) this.arithmeticDc[head] = { lower: value & 15, upper: value >> 4 }
      else if (head < 32) this.arithmeticAc[head - 16] = value
      else throw damaged()
    }
  }
}

const damaged = (): Error => unreadable('JPEG', 'its tables are damaged')
