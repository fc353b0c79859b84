import { cutShort, damaged } from './avif-boxes.ts'
import type { AvifCoding } from './avif-properties.ts'

/** What the sequence header of AV1 data says (AV1 bitstream specification, 5.5). */
export interface Av1Header {
  readonly width: number
  readonly height: number
  readonly coding: AvifCoding
}

/** Throws `image_unreadable`, `image_truncated`. */
export function av1Header(data: Uint8Array): Av1Header {
  for (let at = 0; at < data.length;) {
    const head = data[at]!
    const type = (head >> 3) & 15
    at += (head & 4) !== 0 ? 2 : 1
    let size = data.length - at
    if ((head & 2) !== 0) {
      size = 0
      for (let shift = 0; shift < 56; shift += 7) {
        const byte = data[at++] ?? 0
        size += (byte & 127) * 2 ** shift
        if (byte < 128) break
      }
    }
    if (type === 1) return sequenceHeader(new Bits(data.subarray(at, at + size)))
    at += size
  }
  throw damaged('its AV1 data has no header')
}

function sequenceHeader(bits: Bits): Av1Header {
  const profile = bits.read(3)
  bits.read(1)
  const reduced = bits.flag()
  if (reduced) bits.read(5)
  else operatingPoints(bits)
  const widthBits = bits.read(4) + 1
  const heightBits = bits.read(4) + 1
  const width = bits.read(widthBits) + 1
  const height = bits.read(heightBits) + 1
  if (!reduced && bits.flag()) bits.read(7)
  bits.read(3)
  if (!reduced) tools(bits)
  bits.read(3)
  return { width, height, coding: colourConfig(bits, profile) }
}

function operatingPoints(bits: Bits): void {
  let delayBits = 0
  if (bits.flag()) {
    bits.read(32)
    bits.read(32)
    if (bits.flag()) bits.variable()
    if (bits.flag()) {
      delayBits = bits.read(5) + 1
      bits.read(32)
      bits.read(10)
    }
  }
  const hasDelay = bits.flag()
  for (let points = bits.read(5) + 1; points > 0; points--) {
    bits.read(12)
    if (bits.read(5) > 7) bits.read(1)
    if (delayBits > 0 && bits.flag()) {
      bits.read(delayBits)
      bits.read(delayBits)
      bits.read(1)
    }
    if (hasDelay && bits.flag()) bits.read(4)
  }
}

function tools(bits: Bits): void {
  bits.read(4)
  const orderHint = bits.flag()
  if (orderHint) bits.read(2)
  const force = bits.flag() ? 2 : bits.read(1)
  if (force > 0 && !bits.flag()) bits.read(1)
  if (orderHint) bits.read(3)
}

function colourConfig(bits: Bits, profile: number): AvifCoding {
  const deep = bits.flag()
  if (profile === 2 && deep) bits.read(1)
  const monochrome = profile !== 1 && bits.flag()
  const [primaries, transfer, matrix] = bits.flag() ? [bits.read(8), bits.read(8), bits.read(8)] : [2, 2, 2]
  const rgb = primaries === 1 && transfer === 13 && matrix === 0
  return { primaries, matrix, fullRange: (rgb && !monochrome) || bits.flag() }
}

class Bits {
  readonly #data: Uint8Array
  #at = 0

  constructor(data: Uint8Array) {
    this.#data = data
  }

  read(count: number): number {
    let value = 0
    for (; count > 0; count--, this.#at++) {
      const byte = this.#data[this.#at >> 3]
      if (byte === undefined) throw cutShort('it ends within its AV1 header')
      value = value * 2 + ((byte >> (7 - (this.#at & 7))) & 1)
    }
    return value
  }

  flag(): boolean {
    return this.read(1) === 1
  }

  /** uvlc(). */
  variable(): void {
    let zeros = 0
    while (!this.flag()) zeros++
    if (zeros < 32) this.read(zeros)
  }
}
