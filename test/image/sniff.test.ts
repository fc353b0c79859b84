import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeImage } from '../../src/image/decode-image.ts'
import { sniffImage } from '../../src/image/sniff.ts'
import { codecSets } from './codec-sets.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../fixtures/images/${name}`, import.meta.url)))
const [, wasm] = codecSets

describe('sniffImage', () => {
  test.each([
    'jpeg-420.jpg',
    'png-2-8.png',
    'webp-lossy.webp',
    'webp-lossless.webp',
    'webp-alpha.webp',
    'gif-plain.gif',
    'bmp-24.bmp',
    'bmp-24-top.bmp',
    'bmp-24-os2.bmp',
    'tiff-rgb-raw.tif',
    'tiff-bigtiff.tif',
    'avif-alpha.avif',
    'avif-animated.avif',
  ])('%s', (name) => {
    const { format, ...size } = sniffImage(fixture(name))
    expect(format.name.toLowerCase()).toBe(name.split('-')[0])
    expect(size).toEqual({ width: 61, height: 43 })
  })

  test.each([
    ['version https://git-lfs.github.com/spec/v1\noid sha256:00', 'A git-lfs pointer'],
    ['\n<!DOCTYPE html><html>', 'An HTML page'],
    ['<html lang="en">', 'An HTML page'],
    ['<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="x">', 'An SVG drawing'],
    ['<svg xmlns="http://www.w3.org/2000/svg">', 'An SVG drawing'],
    ['<!-- one --><!-- two -->\n<!doctype html>', 'An HTML page'],
    ['<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN">\n<svg>', 'An SVG drawing'],
    ['<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', 'An XML document'],
    ['{"error":"not found"}', 'A JSON document'],
    ['%PDF-1.7', 'A PDF document'],
    ['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'A HEIC image'],
    ['\0\0\0\x18ftypmif1\0\0\0\0mif1heic', 'A HEIC image'],
    ['\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41', 'An MP4 or QuickTime file'],
    ['\xff\x0a\xfa', 'A JPEG XL image'],
    ['8BPS\0\x01', 'A Photoshop document'],
    ['PK\x03\x04', 'A zip archive'],
    ['P6\n1 1\n255\n', 'A PNM image'],
    ['nonsense', 'A file of unknown kind'],
  ])('%j is named', (text, what) => {
    expect(() => sniffImage(bytes(text))).toThrow(
      expect.objectContaining({
        code: 'image_unsupported',
        message: expect.stringContaining(`${what} is not`),
      }),
    )
  })

  // Each of these took from seconds to forever.
  test.each([
    ['28 empty comments', '<!---->'.repeat(28) + 'x'],
    ['24 comments', '<!-- a comment of the usual length -->\n'.repeat(24) + 'x'],
    ['comments before HTML', '<!---->'.repeat(28) + '<html>'],
    ['spaces between comments', '<!----> '.repeat(100)],
    ['declarations', '<?xml ?>'.repeat(120) + 'x'],
    ['brands', '\0\0\x03\xf0ftypabcd\0\0\0\0' + 'mif1'.repeat(244)],
    ['document types', '<?xml?><!DOCTYPE svg '.repeat(48)],
  ])('%s are told at once', (_, text) => {
    for (let length = 1; length <= text.length; length++) {
      expect(() => sniffImage(bytes(text.slice(0, length)))).toThrow(
        expect.objectContaining({ code: 'image_unsupported' }),
      )
    }
  })

  test('nothing at all', () => {
    expect(() => sniffImage(new Uint8Array())).toThrow(expect.objectContaining({ code: 'image_empty' }))
  })

  test.each([
    'jpeg-420.jpg',
    'png-2-8.png',
    'webp-lossy.webp',
    'gif-plain.gif',
    'bmp-24.bmp',
    'tiff-rgb-raw.tif',
    'avif-420.avif',
  ])('%s cut to any length is an ImageError, and soon', async (name) => {
    const whole = fixture(name)
    for (let length = 1; length < 400; length += 7) {
      await expect(decodeImage(whole.subarray(0, length), wasm!)).rejects.toMatchObject({
        name: 'ImageError',
      })
    }
  })
})

describe('limits', () => {
  /** A PNG header of 30000 × 30000 and nothing else. */
  const bomb = (width: number, height: number): Uint8Array => {
    const png = fixture('png-2-8.png')
    new DataView(png.buffer).setUint32(16, width)
    new DataView(png.buffer).setUint32(20, height)
    return png
  }

  test('too many pixels are refused before decoding', async () => {
    await expect(decodeImage(bomb(30000, 30000), wasm!)).rejects.toMatchObject({
      code: 'image_too_large',
      details: { width: 30000, height: 30000, maxPixels: 100_000_000 },
    })
    await expect(decodeImage(fixture('gif-outside.gif'), wasm!, 2622)).rejects.toMatchObject({
      code: 'image_too_large',
    })
    await expect(decodeImage(fixture('png-2-8.png'), wasm!, 61 * 43)).resolves.toMatchObject({ width: 61 })
  })

  test('a picture of no pixels', async () => {
    await expect(decodeImage(bomb(0, 10), wasm!)).rejects.toMatchObject({ code: 'image_zero_size' })
  })

  test('a PNG whose checksum is wrong', async () => {
    const png = fixture('png-2-8.png')
    png[60]! ^= 1
    await expect(decodeImage(png, wasm!)).rejects.toMatchObject({ code: 'image_unreadable' })
  })
})
