import { expect, test } from 'vitest'
import { FormFile, type FormPart, parseForm } from '../../src/server/http/parse-form.ts'
import { random } from '../fuzz/mutate.ts'

const TYPE = 'multipart/form-data; boundary=edge'
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const form = (text: string): FormPart[] => parseForm(bytesOf(text.replaceAll('\n', '\r\n')), TYPE)

async function asBrowsersDo(parts: FormData): Promise<FormPart[]> {
  const response = new Response(parts)
  return parseForm(new Uint8Array(await response.arrayBuffer()), response.headers.get('content-type')!)
}

test('what fetch sends comes back: names, texts and files of any bytes', async () => {
  const next = random(1, 1)
  const parts = new FormData()
  const expected: FormPart[] = []
  for (let length = 0; length < 300; length += 7) {
    // Many of the bytes that edges are made of.
    const bytes = Uint8Array.from({ length }, () => [13, 10, 45, 45, next(256)][next(5)]!)
    parts.append(`file "${length}"`, new File([bytes], `ä "${length}".png`))
    parts.append('text', `–\r\n--edge\r\n${length}`)
    expected.push({ name: `file "${length}"`, value: new FormFile(bytes, `ä "${length}".png`) })
    expected.push({ name: 'text', value: `–\r\n--edge\r\n${length}` })
  }
  expect(await asBrowsersDo(parts)).toEqual(expected)
})

test.each([
  ['a quoted boundary', 'multipart/form-data; boundary="the edge"', '--the edge'],
  ['parameters before it', "multipart/form-data; charset=utf-8; Boundary=e-d_g'e", "--e-d_g'e"],
])('%s is read', (_, type, edge) => {
  const body = bytesOf(`${edge}\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n${edge}--\r\n`)
  expect(parseForm(body, type)).toEqual([{ name: 'a', value: '1' }])
})

test("curl's quotes, a preamble, blanks behind an edge and headers in any case are read", () => {
  const text =
    'before\n--edge \t\ncontent-type: image/png\nCONTENT-DISPOSITION: form-data; name="i\\"m"; filename="a\\\\b.png"\n\n12\n--edge--'
  expect(form(text)).toEqual([{ name: 'i"m', value: new FormFile(bytesOf('12'), 'a\\b.png') }])
})

test('an empty part and an empty form are that', () => {
  expect(form('--edge\nContent-Disposition: form-data; name="a"\n\n\n--edge--')).toEqual([
    { name: 'a', value: '' },
  ])
  expect(form('--edge--')).toEqual([])
})

const head = '--edge\nContent-Disposition: form-data; name="a"\n'
test.each([
  ['nothing', ''],
  ['another boundary', '--other--'],
  ['a cut body', `${head}\n12`],
  ['a cut head', head],
  ['a part without a name', '--edge\nContent-Disposition: form-data\n\n1\n--edge--'],
  ['a part without a head', '--edge\n\n1\n--edge--'],
  ['an edge that goes on', `--edgeX\n\n1\n--edge--`],
  ['a head that is too long', `${head}X: ${'x'.repeat(20_000)}\n\n1\n--edge--`],
  ['too many parts', `${`${head}\n\n`.repeat(20_001)}--edge--`],
])('%s is refused', (_, text) => {
  expect(() => form(text)).toThrow('The form cannot be read')
})

test.each(['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary="é"'])(
  'a type %j without a boundary is refused',
  (type) => {
    expect(() => parseForm(bytesOf('--edge--'), type)).toThrow('names no boundary')
  },
)

test('a text that is not UTF-8 is refused, and named; a file may be anything', () => {
  const body = (name: string): Uint8Array =>
    Uint8Array.from(
      `--edge\r\nContent-Disposition: form-data; name="prompt"${name}\r\n\r\nun caf\xe9\r\n--edge--`,
      (character) => character.charCodeAt(0),
    )
  expect(() => parseForm(body(''), TYPE)).toThrow('"prompt" of the form is not UTF-8')
  const [{ value }] = parseForm(body('; filename="a"'), TYPE) as [FormPart]
  expect((value as FormFile).bytes.at(-1)).toBe(0xe9)
})
