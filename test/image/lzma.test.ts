import { expect, test } from 'vitest'
import { unpackLzma } from '../../src/image/formats/tiff/compression/lzma/xz.ts'
import { fixture, stripOf } from './tiff-strips.ts'

const files = ['tiff-lzma.tif', 'tiff-lzma-noise.tif', 'tiff-lzma-chunk.tif', 'tiff-no-lzma-chunk.tif']

// WebAssembly and JavaScript give the same bytes of whatever comes.
test.each(files)('%s: both engines unpack alike, also what is damaged', (name) => {
  const { data, size } = stripOf(fixture(name))
  let state = 11
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let run = 0; run < 60; run++) {
    const damaged = data.slice(0, run % 5 === 4 ? random(data.length) : data.length)
    for (let i = 0; i < run % 4; i++) damaged[24 + random(data.length - 24)] = random(256)
    const wasm = unpackLzma(damaged, size)
    expect(Buffer.from(wasm).equals(Buffer.from(unpackLzma(damaged, size, 'js')))).toBe(true)
  }
})
