import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { MessageError } from '../../../src/backend/open-inference/infer-message.ts'
import {
  decodeLongRestRequest,
  decodeRestRequest,
  type RestRequest,
} from '../../../src/backend/open-inference/rest-messages.ts'
import { mutate, random } from '../../fuzz/mutate.ts'

const next = random(5, 5)
const numbers = Array.from({ length: 12_000 }, (_, i) =>
  Math.fround((next(2 ** 20) - 2 ** 19) / 10 ** (i % 9)),
)
const rows = Array.from({ length: 40 }, (_, i) =>
  Array.from({ length: 20 }, (_, j) => numbers.slice(300 * i + 15 * j, 300 * i + 15 * (j + 1))),
)
const ids = Array.from({ length: 15_000 }, (_, i) => i * 7)
const input = (name: string, datatype: string, shape: number[], data: unknown) => ({
  name,
  datatype,
  shape,
  data,
})
const flat = input('pixel_values', 'FP32', [40, 20, 15], numbers)
const nested = input('pixel_values', 'FP32', [40, 20, 15], rows)

const bodies = {
  flat: JSON.stringify({ inputs: [flat] }),
  nested: JSON.stringify({ inputs: [nested] }),
  'with blanks': JSON.stringify({ id: '"data":[1,2', inputs: [flat, { ...nested, name: 'b' }] }, null, 1),
  integers: JSON.stringify({ inputs: [input('input_ids', 'INT64', [100, 150], ids)] }),
  'long lists elsewhere': JSON.stringify({
    parameters: { data: numbers },
    inputs: [{ ...flat, parameters: { more: numbers } }],
    outputs: [{ name: 'y', parameters: { binary_data: true, data: rows } }],
  }),
}
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const rightAway = (): Promise<void> => Promise.resolve()
const plain = ({ isBinary: _, ...request }: RestRequest) => request

describe('what is read in turns is what is read at once', () => {
  test.each(Object.entries(bodies))('%s', async (_, text) => {
    const read = await decodeLongRestRequest('m', bytesOf(text), undefined, rightAway)
    const expected = plain(decodeRestRequest('m', bytesOf(text), undefined))
    expect(isDeepStrictEqual(plain(read), expected)).toBe(true)
  })

  test.each(Object.entries(bodies))('100 mutants: %s', async (_, text) => {
    const whole = bytesOf(text)
    for (let i = 0; i < 100; i++) {
      const body = mutate(whole, random(7, i))
      const inTurns = await decodeLongRestRequest('m', body, undefined, rightAway).catch(
        (error: unknown) => error,
      )
      let atOnce: unknown
      try {
        atOnce = decodeRestRequest('m', body, undefined)
      } catch (error) {
        atOnce = error
      }
      if (atOnce instanceof MessageError) expect(inTurns, `mutant ${i}`).toBeInstanceOf(MessageError)
      else
        expect(
          isDeepStrictEqual(plain(inTurns as RestRequest), plain(atOnce as RestRequest)),
          `mutant ${i}`,
        ).toBe(true)
    }
  })
})

test.each([
  ['a list that ends in a comma', [numbers.join(), ','].join('')],
  ['a text in it', [numbers.join(), ',"1"'].join('')],
  ['a row without a comma before it', `${numbers.join()} [1]`],
  ['no number', [numbers.join(), ',null'].join('')],
])('%s is refused', async (_, list) => {
  const body = `{"inputs":[{"name":"x","datatype":"FP32","shape":[12001],"data":[${list}]}]}`
  await expect(decodeLongRestRequest('m', bytesOf(body), undefined, rightAway)).rejects.toThrow(MessageError)
})

test('others have their turn at every MiB', async () => {
  const many = Array.from({ length: 24 }, () => numbers).flat()
  const body = bytesOf(JSON.stringify({ inputs: [input('x', 'FP32', [many.length], many)] }))
  let turns = 0
  await decodeLongRestRequest('m', body, undefined, () => Promise.resolve(void turns++))
  expect(turns).toBeGreaterThanOrEqual(Math.floor(body.length / (1.1 * 2 ** 20)))
})
