import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeJpeg } from '../../src/image/formats/jpeg/jpeg-decoder.ts'
import { type JpegEngine, jpegKernel } from '../../src/image/formats/jpeg/jpeg-engine.ts'
import type { RawImage } from '../../src/image/raw-image.ts'

// WebAssembly and JavaScript give the same bytes, or refuse for the same reason, of whole files and of damaged ones.
const folders = ['../fixtures/images/', '../../../shared/golden/images/', '../../../shared/golden/reported/']
const files = folders
  .map((folder) => new URL(folder, import.meta.url))
  .filter((folder) => existsSync(folder))
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.jpe?g$/.test(name))
      .map((name) => ({ name, url: new URL(name, folder) })),
  )

function answer(bytes: Uint8Array, engine: JpegEngine): RawImage | string {
  try {
    return decodeJpeg(bytes, engine)
  } catch (error) {
    return String(error)
  }
}

describe('both engines of JPEG', () => {
  test('are there', () => expect(jpegKernel()).toBeDefined())

  test.each(files)('$name', ({ url }) => {
    const bytes = readFileSync(url)
    const [wasm, js] = [answer(bytes, 'wasm'), answer(bytes, 'js')]
    if (typeof wasm === 'string' || typeof js === 'string') return expect(wasm).toBe(js)
    expect(Buffer.from(wasm.data).equals(Buffer.from(js.data))).toBe(true)
    expect({ ...wasm, data: 0 }).toEqual({ ...js, data: 0 })
  })
})
