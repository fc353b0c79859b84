import { unreadable } from '../../../image-errors.ts'
import type { ByteReader } from '../../byte-reader.ts'
import { NATURAL_ORDER } from '../scans/decode-block.ts'
import { type HuffmanTable, makeHuffmanTable } from './huffman-table.ts'

/** Of a Huffman table, the codes of 1 to 16 bits, and their symbols; made ready by the first scan that asks for it. */
interface HuffmanSpec {
  readonly counts: Uint8Array
  readonly symbols: Uint8Array
  table: HuffmanTable | undefined
}

/** The tables that segments before a scan define, or, in TIFF, a stream of nothing but tables. */
export class JpegTables {
  /** In natural order. */
  readonly quant: (Uint16Array | undefined)[] = []
  readonly #huffman: Readonly<Record<'dc' | 'ac', (HuffmanSpec | undefined)[]>> = { dc: [], ac: [] }
  /** Of arithmetic coding, by table; what they are where nothing is said. */
  readonly arithmeticDc: { lower: number; upper: number }[] = Array.from({ length: 16 }, () => ({
    lower: 0,
    upper: 1,
  }))
  readonly arithmeticAc: number[] = Array.from({ length: 16 }, () => 5)
  /** Units between restart markers; 0 for none. */
  restartInterval = 0

  /** A Huffman table that the file brings. One that is damaged does no harm until it is used. */
  huffman(kind: 'dc' | 'ac', index: number, most = 15): HuffmanTable | undefined {
    const spec = this.#huffman[kind][index]
    if (!spec) return undefined
    if (kind === 'dc' && spec.symbols.some((symbol) => symbol > most)) throw damaged()
    return (spec.table ??= makeHuffmanTable(spec.counts, spec.symbols))
  }

  /** Takes in a segment, if it is one of tables. */
  read(reader: ByteReader, marker: number, at: number, end: number): void {
    if (marker === 0xdb) this.#readQuant(reader, at, end)
    else if (marker === 0xc4) this.#readHuffman(reader, at, end)
    else if (marker === 0xcc) this.#readArithmetic(reader, at, end)
    else if (marker === 0xdd) {
      if (end - at !== 2) throw damaged()
      this.restartInterval = reader.u16(at, false)
    }
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
    if (at > end) throw damaged()
  }

  #readHuffman(reader: ByteReader, at: number, end: number): void {
    // Shorter than a head and its counts, what is left is damage.
    while (at < end) {
      if (end - at <= 16) throw damaged()
      const head = reader.u8(at++)
      const counts = reader.slice(at, 16)
      const total = counts.reduce((sum, count) => sum + count, 0)
      if ((head & 15) > 3 || head >> 4 > 1 || total > 256 || at + 16 + total > end) throw damaged()
      const symbols = new Uint8Array(256)
      symbols.set(reader.slice(at + 16, total))
      this.#huffman[head < 16 ? 'dc' : 'ac'][head & 15] = { counts, symbols, table: undefined }
      at += 16 + total
    }
  }

  #readArithmetic(reader: ByteReader, at: number, end: number): void {
    if ((end - at) % 2 !== 0) throw damaged()
    for (; at < end; at += 2) {
      const head = reader.u8(at)
      const value = reader.u8(at + 1)
      if (head < 16 && (value & 15) > value >> 4) throw damaged()
      if (head < 16) this.arithmeticDc[head] = { lower: value & 15, upper: value >> 4 }
      else if (head < 32) this.arithmeticAc[head - 16] = value
      else throw damaged()
    }
  }
}

const damaged = (): Error => unreadable('JPEG', 'its tables are damaged')
