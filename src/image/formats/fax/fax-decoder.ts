import { truncated, unreadable, unsupported } from '../../image-errors.ts'
import { makeRunTables, RUN_BITS, type RunTable } from './fax-codes.ts'
import { FaxReader } from './fax-reader.ts'

/** How the lines of a fax are coded. */
export interface FaxLayout {
  /** Pixels a line. */
  readonly width: number
  readonly rows: number
  /** `runs`: modified Huffman (RLE). `group3`: with a code at each line's end. `group4`: each line by the one above. */
  readonly coding: 'runs' | 'group3' | 'group4'
  /** Of group 3: a bit before each line says whether it is coded by the one above. */
  readonly twoDimensional: boolean
  /** Of `runs`: lines start on a multiple of so many bits. */
  readonly align: 8 | 16
}

/**
 * Decodes a picture of ITU-T T.4 or T.6, high bits first, to rows of bits that start on a byte; 1 is black. Damaged lines are
 * refused, not made up. Throws `ImageError` `image_truncated`, `image_unreadable`, `image_unsupported`.
 */
export function decodeFax(data: Uint8Array, layout: FaxLayout): Uint8Array {
  const { width, rows, coding, twoDimensional, align } = layout
  const reader = new FaxReader(data)
  const tables = makeRunTables()
  const rowBytes = Math.ceil(width / 8)
  const out = new Uint8Array(rowBytes * rows)
  // The places where the colour changes, from white on, and behind them the line's end three times over.
  let above = new Int32Array(width + 4).fill(width)
  let line = new Int32Array(width + 4)
  for (let y = 0; y < rows; y++) {
    if (coding === 'group3') reader.passLineEnd()
    if (reader.ended) throw truncated('TIFF', `${rows - y} of ${rows} lines are missing`)
    const byAbove = coding === 'group4' || (coding === 'group3' && twoDimensional && reader.take(1) === 0)
    const changes = byAbove
      ? readLineByAbove(reader, tables, above, line, width)
      : readLine(reader, tables, line, width)
    line.fill(width, changes)
    paint(out, y * rowBytes, line, width)
    ;[above, line] = [line, above]
    if (coding === 'runs') reader.align(align)
  }
  if (reader.overrun) throw truncated('TIFF', 'its last line does not end')
  return out
}

/** White and black runs by turns. Returns the number of changes. */
function readLine(
  reader: FaxReader,
  tables: readonly [RunTable, RunTable],
  line: Int32Array,
  width: number,
): number {
  let changes = 0
  for (let at = 0, black = 0; at < width; black ^= 1) {
    at += readRun(reader, tables[black]!)
    if (at > width || changes > width) throw damaged()
    line[changes++] = at
  }
  return changes
}

/** Changes told by those of the line above. */
function readLineByAbove(
  reader: FaxReader,
  tables: readonly [RunTable, RunTable],
  above: Int32Array,
  line: Int32Array,
  width: number,
): number {
  let changes = 0
  let black = 0
  let at = 0
  // The first change above that lies to the right and is of the other colour: it has the parity of `black`.
  let next = 0
  for (let begun = false; at < width; begun = true) {
    next = (next & ~1) | black
    while (next > 1 && above[next - 2]! > at) next -= 2
    while (above[next]! < width && (begun ? above[next]! <= at : above[next]! < at)) next += 2
    const mode = readMode(reader)
    if (mode === PASS) {
      at = above[next + 1]!
    } else if (mode === HORIZONTAL) {
      for (let k = 0; k < 2; k++) {
        at += readRun(reader, tables[black ^ k]!)
        if (at > width || changes > width) throw damaged()
        line[changes++] = at
      }
    } else {
      const to = above[next]! + mode
      if (to < at || to > width || changes > width) throw damaged()
      line[changes++] = at = to
      black ^= 1
    }
  }
  return changes
}

const PASS = 10
const HORIZONTAL = 11

/** `PASS`, `HORIZONTAL`, or by how many pixels the change lies right of the one above. */
function readMode(reader: FaxReader): number {
  const bits = reader.peek(7)
  const [mode, length] =
    bits >= 64
      ? [0, 1]
      : bits >= 32
        ? [bits & 16 ? 1 : -1, 3]
        : bits >= 16
          ? [HORIZONTAL, 3]
          : bits >= 8
            ? [PASS, 4]
            : bits >= 4
              ? [bits & 2 ? 2 : -2, 6]
              : bits >= 2
                ? [bits & 1 ? 3 : -3, 7]
                : [undefined, 0]
  if (mode === undefined) {
    if (bits === 1) throw unsupported('TIFF', 'TIFF with uncompressed stretches of fax', 'Save it as PNG.')
    throw reader.ended ? truncated('TIFF', 'its lines end too soon') : damaged()
  }
  reader.skip(length!)
  return mode
}

/** Codes of 64 pixels and more come before the one that ends a run. */
function readRun(reader: FaxReader, table: RunTable): number {
  for (let run = 0; ;) {
    const found = table[reader.peek(RUN_BITS)]!
    if (found === 0) throw reader.ended ? truncated('TIFF', 'its lines end too soon') : damaged()
    reader.skip(found & 15)
    run += found >> 4
    if (found >> 4 < 64) return run
  }
}

/** Fills in the black runs of a line. */
function paint(out: Uint8Array, row: number, line: Int32Array, width: number): void {
  for (let i = 0; line[i]! < width; i += 2) {
    const from = line[i]!
    const to = line[i + 1]!
    if (from >= to) continue
    const first = row + (from >> 3)
    const last = row + ((to - 1) >> 3)
    const head = 0xff >> (from & 7)
    const tail = 0xff << (7 - ((to - 1) & 7))
    if (first === last) out[first]! |= head & tail
    else {
      out[first]! |= head
      out.fill(0xff, first + 1, last)
      out[last]! |= tail
    }
  }
}

const damaged = (): Error => unreadable('TIFF', 'its fax lines are damaged')
