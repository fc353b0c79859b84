import { expect, test } from 'vitest'
import { decodeUserComment } from '../../src/prompts/containers/user-comment.ts'
import { findPrompt } from '../../src/prompts/find-prompt.ts'
import { cpuTime } from '../cpu-time.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

test.each([
  ['ISO-2022-JP', '\x1b$BF|K\\$NLk\x1b(B'],
  ['Shift JIS', '\x93\xfa\x96\x7b\x82\xcc\x96\xe9'],
  ['UTF-8', '\xe6\x97\xa5\xe6\x9c\xac\xe3\x81\xae\xe5\xa4\x9c'],
  ['UTF-16', ' \x00\xe5\x65\x2c\x67\x6e\x30\x1c\x59'],
])('a UserComment that is said to be JIS may be %s', (_, text) => {
  expect(decodeUserComment(bytes(`JIS\0\0\0\0\0${text}`)).trim()).toBe('日本の夜')
})

test('parts of an XMP packet of a JPEG may come in any order', async () => {
  const xmp =
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description ' +
    'xmlns:q="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"><q:AIPromptInformation>a fox on a hill' +
    '</q:AIPromptInformation></rdf:Description></rdf:RDF>'
  const part = (from: number, to: number): Buffer => {
    const numbers = Buffer.alloc(8)
    numbers.writeUInt32BE(xmp.length, 0)
    numbers.writeUInt32BE(from, 4)
    const head = bytes(`http://ns.adobe.com/xmp/extension/\0${'A'.repeat(32)}`)
    const body = Buffer.concat([head, numbers, bytes(xmp.slice(from, to))])
    const length = Buffer.alloc(2)
    length.writeUInt16BE(body.length + 2)
    return Buffer.concat([bytes('\xff\xe1'), length, body])
  }
  const file = Buffer.concat([bytes('\xff\xd8'), part(90, xmp.length), part(0, 90), bytes('\xff\xd9')])
  expect((await findPrompt(file)).found?.prompt).toBe('a fox on a hill')
})

/** A WebP of one chunk. */
function webp(type: string, body: Buffer): Buffer {
  const head = (name: string, size: number): Buffer => {
    const bytesOfHead = Buffer.alloc(8)
    bytesOfHead.write(name, 'latin1')
    bytesOfHead.writeUInt32LE(size, 4)
    return bytesOfHead
  }
  return Buffer.concat([head('RIFF', body.length + 12), bytes('WEBP'), head(type, body.length), body])
}

test('thousands of Exif entries that all name the same bytes are not read thousands of times', async () => {
  const [entries, size] = [60_000, 2_000_000]
  const head = Buffer.alloc(10 + entries * 12 + 4)
  head.write('II*\0\x08\0\0\0', 'latin1')
  head.writeUInt16LE(entries, 8)
  for (let i = 0; i < entries; i++) {
    const at = 10 + i * 12
    head.writeUInt16LE(0x1000 + i, at)
    head.writeUInt16LE(2, at + 2)
    head.writeUInt32LE(size, at + 4)
    head.writeUInt32LE(head.length, at + 8)
  }
  const start = cpuTime()
  const file = webp('EXIF', Buffer.concat([head, Buffer.alloc(size, 'a')]))
  expect(await findPrompt(file)).toEqual({ reason: 'too-large' })
  // A second; minutes, where each entry is read.
  expect(cpuTime() - start).toBeLessThan(20_000)
})

test('thousands of XMP namespaces are not copied for each element', async () => {
  const spaces = Array.from({ length: 40_000 }, (_, i) => `xmlns:n${i}="u"`).join(' ')
  const packet = `<a ${spaces}>${'<a xmlns:b="c"/>'.repeat(50_000)}</a>`
  const start = cpuTime()
  expect(await findPrompt(webp('XMP ', bytes(packet)))).toEqual({ reason: 'no-metadata' })
  expect(cpuTime() - start).toBeLessThan(20_000)
})
