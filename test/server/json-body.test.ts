import { describe, expect, test } from 'vitest'
import { decodeBase64InParts } from '../../src/base/bytes/decode-base64.ts'
import { RequestError } from '../../src/base/errors.ts'
import { JsonBody } from '../../src/server/http/json-body.ts'

const bodyOf = (text: string): JsonBody => new JsonBody(new TextEncoder().encode(text))
const noise = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (Math.imul(i + length, 0x9e3779b1) >>> 13) & 255)

describe('base64', () => {
  const read = (chars: string): Promise<Uint8Array | undefined> =>
    decodeBase64InParts(new TextEncoder().encode(chars), () => undefined)

  test.each([0, 1, 2, 3, 4, 5, 6, 255, 256, 257, 1000, 786_431, 786_432, 786_433, 1_600_000])(
    'of %i bytes',
    async (length) => {
      const bytes = noise(length)
      const text = Buffer.from(bytes).toString('base64')
      expect(Buffer.compare((await read(text))!, bytes)).toBe(0)
      expect(Buffer.compare((await read(text.replaceAll('=', '')))!, bytes)).toBe(0)
      for (const wrong of ['%', '-', '_', 'é', '=A']) expect(await read(text + wrong)).toBeUndefined()
      expect(Buffer.compare((await read(`${text}\n`))!, bytes)).toBe(0)
      if (length > 0) expect(await read(`*${text.slice(1)}`)).toBeUndefined()
    },
  )

  test.each(['A', 'AAAAA', '=', '==', 'A===', 'AA=A', 'AAAA=', 'AA\0A', 'data:image/png;base64,AAAA'])(
    '%j is none',
    async (text) => {
      expect(await read(text)).toBeUndefined()
    },
  )
})

describe('a body', () => {
  test('says what JSON.parse says, with long texts where they are asked for', async () => {
    const long = Buffer.from(noise(5000)).toString('base64')
    const prompt = `${'“fresh” 🌅 '.repeat(300)}\\ "quoted"\n`
    const value = { a: [long, 'short', prompt, 1, null, { '\\"': '\\' }], b: `${prompt}\\`, c: '' }
    for (const text of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
      const body = bodyOf(text)
      const read = body.value as typeof value
      expect([body.text(read.a[0]), body.text(read.a[1]), body.text(read.a[2])]).toEqual(value.a.slice(0, 3))
      expect(read.a.slice(3)).toEqual(value.a.slice(3))
      expect([body.text(read.b), body.text(read.c), body.text(read.a[3])]).toEqual([value.b, '', undefined])
      expect(await body.base64(read.a[0])).toEqual(noise(5000))
      expect(await body.base64(read.a[2])).toBeUndefined()
      expect(await body.base64(read.a[4])).toBeUndefined()
    }
  })

  test('reads base64 whose slashes are escaped, as PHP does', async () => {
    const text = Buffer.from(noise(5000)).toString('base64').replaceAll('/', '\\/')
    const body = bodyOf(`["${text}"]`)
    expect(await body.base64((body.value as string[])[0])).toEqual(noise(5000))
  })

  test('a text that looks like a mark is a text', () => {
    const body = bodyOf(JSON.stringify(['\u00000', '\u0000x', '\u0000']))
    const value = body.value as string[]
    expect(value.map((each) => body.text(each))).toEqual(['\u00000', '\u0000x', '\u0000'])
  })

  test('nor does one stand for a long text beside it, and names of fields stay as they are', () => {
    const long = 'a'.repeat(400)
    const body = bodyOf(JSON.stringify({ [long]: [long, '\u00000', '\u0000', '\u00001'], '\u00000': '' }))
    const value = body.value as Record<string, string[]>
    expect(Object.keys(value)).toEqual([long, '\u00000'])
    expect(value[long]!.map((each) => body.text(each))).toEqual([long, '\u00000', '\u0000', '\u00001'])
  })

  test('lets others have their turn between large images', async () => {
    const text = Buffer.from(noise(2 << 20)).toString('base64')
    const body = bodyOf(JSON.stringify([text, text, text, text]))
    let turns = 0
    const ticking = setInterval(() => turns++, 0)
    for (const each of body.value as string[]) await body.base64(each)
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(0)
  })

  test.each([
    ['nothing', ''],
    ['half of it', '{"a": ['],
    ['a text without an end', `["${'a'.repeat(5000)}`],
    ['something behind', '{} {}'],
    ['an escape that is none', '["\\x"]'],
  ])('%s is refused', (_, text) => {
    expect(() => bodyOf(text)).toThrow(RequestError)
    expect(() => bodyOf(text)).toThrow(expect.objectContaining({ code: 'request_invalid' }) as Error)
  })

  test('bytes that are not UTF-8 are refused', () => {
    expect(() => new JsonBody(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/not JSON/)
  })

  test('a long text that is no JSON is refused when it is asked for', () => {
    const body = bodyOf(`["${'a'.repeat(5000)}\n"]`)
    expect(() => body.text((body.value as string[])[0])).toThrow(/not JSON/)
  })

  test.each([
    ['empty texts', '"",'.repeat(3_000_000)],
    ['nesting', '['.repeat(9_000_000)],
    ['quotes that are escaped', `"${'\\"'.repeat(50)}",`.repeat(90_000)],
  ])('8 MiB of %s are too many', (_, text) => {
    expect(() => bodyOf(text)).toThrow(expect.objectContaining({ code: 'request_too_large' }) as Error)
  })
})
