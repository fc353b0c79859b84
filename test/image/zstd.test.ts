import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { unpackZstandard } from '../../src/image/formats/tiff/compression/zstd/zstd.ts'
import { fixture, stripOf } from './tiff-strips.ts'

const folder = new URL('../fixtures/images/', import.meta.url)
const whole = readdirSync(folder).filter((name) => /^tiff-zstd(?!-literals)/.test(name))

test.each(whole)('%s: WebAssembly unpacks what fzstd does', async (name) => {
  const { data, size } = stripOf(readFileSync(new URL(name, folder)))
  const [wasm, js] = [new Uint8Array(size), new Uint8Array(size)]
  expect(await unpackZstandard(data, wasm)).toBe(true)
  expect(await unpackZstandard(data, js, undefined, 'js')).toBe(true)
  expect(Buffer.from(wasm).equals(Buffer.from(js))).toBe(true)
})

test('of data that ends too soon, what there is is kept', async () => {
  const { data, size } = stripOf(fixture('tiff-zstd-more.tif'))
  const out = new Uint8Array(size * 3)
  expect(await unpackZstandard(data, out)).toBe(false)
  const want = new Uint8Array(size)
  await unpackZstandard(data, want)
  expect(Buffer.from(out.subarray(0, size)).equals(Buffer.from(want))).toBe(true)
})

test('damaged frames never end in more than was asked for, nor in a trap', async () => {
  const { data, size } = stripOf(fixture('tiff-zstd-grain.tif'))
  let state = 7
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  let read = 0
  for (let run = 0; run < 2000; run++) {
    const damaged = data.slice(0, run % 3 ? data.length : random(data.length))
    for (let i = 0; i <= run % 3; i++)
      damaged[random(Math.min(damaged.length, run % 2 ? 80 : 1e9))] = random(256)
    if (await unpackZstandard(damaged, new Uint8Array(size))) read++
  }
  // Its checksum covers all of it; what is left are bits that mean nothing.
  expect(read).toBeLessThan(40)
})
