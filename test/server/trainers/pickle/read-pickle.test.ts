import { describe, expect, test } from 'vitest'
import { PickleFault } from '../../../../src/server/trainers/pickle/pickle-fault.ts'
import type {
  PickledDict,
  PickledList,
  PickledTuple,
} from '../../../../src/server/trainers/pickle/pickle-values.ts'
import { looksPickled, readPickle } from '../../../../src/server/trainers/pickle/read-pickle.ts'
import { random } from '../../../fuzz/mutate.ts'
import { bodyNamed } from '../wire-bodies.ts'

type Part = string | number | readonly number[]

/** A pickle of protocol 4 from opcodes (as characters), bytes, and lists of bytes. */
function pickle(...parts: readonly Part[]): Uint8Array {
  const bytes = parts.flatMap((part) => {
    if (typeof part === 'number') return [part]
    return typeof part === 'string' ? [...new TextEncoder().encode(part)] : [...part]
  })
  return Uint8Array.from([0x80, 4, ...bytes])
}
const u64 = (value: bigint): number[] => [...new Uint8Array(BigUint64Array.of(value).buffer)]

describe('values', () => {
  test.each<[string, readonly Part[], unknown]>([
    ['None', ['N.'], null],
    ['True', [0x88, '.'], true],
    ['False', [0x89, '.'], false],
    ['0', ['K', 0, '.'], 0],
    ['65535', ['M', 0xff, 0xff, '.'], 65535],
    ['-2', ['J', 0xfe, 0xff, 0xff, 0xff, '.'], -2],
    ['2**31', [0x8a, 5, 0, 0, 0, 0x80, 0, '.'], 2 ** 31],
    ['-(2**40)', [0x8a, 6, 0, 0, 0, 0, 0, 0xff, '.'], -(2 ** 40)],
    ['0 as a long', [0x8a, 0, '.'], 0],
    ['1 as a very long', [0x8b, 1, 0, 0, 0, 1, '.'], 1],
    ['2**64, which is passed over', [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1, '.'], undefined],
    ['1.5', ['G', 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, '.'], 1.5],
    ['a text', [0x8c, 2, 'é', '.'], 'é'],
    ['a text, its size in eight bytes', [0x8d, ...u64(2n), 'ab.'], 'ab'],
    ['bytes', ['C', 2, 1, 2, '.'], Uint8Array.of(1, 2)],
    ['bytes, their size in eight bytes', [0x8e, ...u64(1n), 9, '.'], Uint8Array.of(9)],
  ])('%s', (_, parts, value) => {
    expect(readPickle(pickle(...parts))).toEqual(value)
  })

  test('a list fetched from the memo is the same list', () => {
    // a = [1]; (a, a, [])
    const value = readPickle(pickle(']', 0x94, 'K', 1, 'a', 'h', 0, ']', 0x87, '.')) as PickledTuple
    const [a, again, empty] = value.items as PickledList[]
    expect(again).toBe(a)
    expect([a!.items, empty!.items]).toEqual([[1], []])
  })

  test('a list that holds itself is read, and nobody walks it', () => {
    const list = readPickle(pickle(']', 0x94, 'h', 0, 'a.')) as PickledList
    expect(list.items[0]).toBe(list)
  })

  test('a key that is set twice has the later value', () => {
    const dict = readPickle(pickle('}(', 0x8c, 1, 'a', 'K', 1, 0x8c, 1, 'a', 'K', 2, 'u.')) as PickledDict
    expect(dict.get('a')).toBe(2)
    expect(dict.has('__proto__')).toBe(false)
  })

  test('bytes are views of the body, not copies', () => {
    const { body } = bodyNamed('flow-grpo')
    const images = (readPickle(body) as PickledDict).get('images') as PickledList
    for (const image of images.items as Uint8Array[]) expect(image.buffer).toBe(body.buffer)
  })

  test('what lies behind the end does not matter, as in Python', () => {
    expect(readPickle(pickle('K', 1, '.', 'whatever'))).toBe(1)
  })
})

describe('faults', () => {
  test.each<[string, readonly Part[], RegExp]>([
    ['no end', ['K', 1], /ends too early/],
    ['an empty stack', ['.'], /not there/],
    ['an argument that is missing', ['a.'], /not there/],
    ['a mark that is missing', ['K', 1, 'e.'], /has not begun/],
    ['a key without a value', ['}(', 'K', 1, 'u.'], /key without a value/],
    ['an unset memo', ['h', 3, '.'], /has not kept/],
    ['an append to a tuple', [')', 'K', 1, 'a.'], /not a list/],
    ['an item of a list', [']', 'K', 1, 'K', 2, 's.'], /not a dict/],
    ['a call of a text', [0x8c, 1, 'a', ')R.'], /not a function/],
    ['a call of a list', [']', ')R.'], /not a function/],
    ['a call of ndarray', ['cnumpy\nndarray\n', ')R.'], /not a function/],
    ['a state for a dict', ['}', ')b.'], /state to something that has none/],
    ['a text that is not UTF-8', [0x8c, 1, 0xff, '.'], /not UTF-8/],
    ['half of a surrogate pair', [0x8c, 3, 0xed, 0xa0, 0x80, '.'], /not UTF-8/],
    ['a name that does not end', ['cnumpy', 'x'.repeat(300)], /does not end/],
    ['a name that is a number', ['K', 1, 'K', 2, 0x93, '.'], /not a text/],
    ['a frame behind the end', [0x95, ...u64(99n), 'K', 1, '.'], /ends too early/],
    ['a size behind all ends', [0x8e, ...u64(2n ** 64n - 1n), '.'], /ends too early/],
    [
      'an array of a subclass',
      ['cnumpy.core.multiarray\n_reconstruct\n', 'cnumpy\ndtype\n', 0x85, 'R.'],
      /class of its own/,
    ],
    [
      'bytes larger than bytes',
      ['c_codecs\nencode\n', 0x8c, 2, 'Ā', 0x8c, 6, 'latin1', 0x86, 'R.'],
      /larger than a byte/,
    ],
    [
      'another encoding',
      ['c_codecs\nencode\n', 0x8c, 1, 'a', 0x8c, 5, 'utf-8', 0x86, 'R.'],
      /not bytes written as text/,
    ],
    ['protocol 6', [0x80, 6, 'N.'], /protocol 6/],
  ])('%s', (_, parts, message) => {
    expect(() => readPickle(pickle(...parts))).toThrow(PickleFault)
    expect(() => readPickle(pickle(...parts))).toThrow(message)
  })

  test('what is no pickle of protocol 2 to 5', () => {
    for (const bytes of [[], [0x80], [0x80, 1], [0x80, 6], [0x7b, 0x7d]])
      expect(looksPickled(Uint8Array.from(bytes))).toBe(false)
    expect(() => readPickle(new TextEncoder().encode('{}'))).toThrow(/protocol 2 to 5/)
  })
})

describe('bounds', () => {
  test.each<[string, readonly Part[], RegExp]>([
    ['operations', [']'.repeat(300_000), '.'], /operations/],
    ['marks', ['('.repeat(100), '.'], /deep/],
    ['tuples in tuples', ['N', Array<number>(100).fill(0x85), '.'], /deep/],
    ['lists in lists', [']'.repeat(100), 'a'.repeat(99), '.'], /deep/],
    ['dicts in dicts', ['}K\x01'.repeat(99), '}', 's'.repeat(99), '.'], /deep/],
    ['what is kept', ['N', Array<number>(130_000).fill(0x94), '.'], /keeps more/],
  ])('of %s', (_, parts, message) => {
    expect(() => readPickle(pickle(...parts))).toThrow(message)
  })

  test('one text encoded again and again does not make more bytes than were sent', () => {
    const start = [
      'c_codecs\nencode\n',
      0x94,
      'X',
      [0, 16, 0, 0],
      'a'.repeat(4096),
      0x94,
      0x8c,
      6,
      'latin1',
      0x94,
    ]
    const encode = ['h', 0, 'h', 1, 'h', 2, 0x86, 'R'] as const
    const times = (count: number): readonly Part[] => Array.from({ length: count }, () => encode).flat()
    expect(readPickle(pickle(...start, ...encode, '.'))).toHaveLength(4096)
    expect(() => readPickle(pickle(...start, ...times(50), '.'))).toThrow(/more bytes than it has/)
  })

  test('an array of a billion empty texts', () => {
    const array = [
      'cnumpy.core.multiarray\n_reconstruct\n',
      ...['cnumpy\nndarray\n', 'K', 0, 0x85, 'C', 1, 'b', 0x87, 'R'],
      ...['(', 'K', 1, 'J', [0, 0, 0, 0x40], 0x85],
      ...['cnumpy\ndtype\n', 0x8c, 2, 'U0', 0x89, 0x88, 0x87, 'R'],
      ...[0x89, 'C', 0, 'tb'],
    ]
    const value = readPickle(pickle(...array, '.')) as { texts(): string[] }
    expect(() => value.texts()).toThrow(/65536 elements/)
  })
})

test('random opcodes end in a value or a fault', () => {
  const args: Readonly<Record<string, () => Part>> = {
    ...{
      K: () => next(256),
      M: () => [next(256), 0],
      J: () => [next(256), 0, 0, 0],
      G: () => [0x40, 0, 0, 0, 0, 0, 0, 0],
    },
    ...{ h: () => next(6), q: () => next(6), r: () => [next(6), 0, 0, 0], j: () => [next(6), 0, 0, 0] },
    ...{
      '\x8c': () => ['\x06latin1', '\x02U3', '\x01<', '\x05dtype', '\x05numpy'][next(5)]!,
      C: () => '\x02ab',
    },
    ...{
      c: () => `${NAMES[next(NAMES.length)]!}\n`,
      '\x8a': () => [1, next(256)],
      X: () => [1, 0, 0, 0, 0x41],
    },
  }
  const NAMES = ['numpy\ndtype', 'numpy\nndarray', 'numpy._core.multiarray\n_reconstruct', '_codecs\nencode']
  const plain = [...('N(]})te' + 'asu' + 'Rb'), '\x88', '\x89', '\x85', '\x86', '\x87', '\x93', '\x94', '.']
  const opcodes = [...plain, ...Object.keys(args)]
  let next = random(1, 0)
  const ended = { value: 0, fault: 0 }
  for (let number = 0; number < 20_000; number++) {
    next = random(1, number)
    const parts = Array.from({ length: 2 + next(40) }, () => {
      const opcode = opcodes[next(opcodes.length)]!
      return [opcode.charCodeAt(0), args[opcode]?.() ?? '']
    })
    try {
      readPickle(pickle(...parts.flat(), '.'))
      ended.value++
    } catch (error) {
      expect(error).toBeInstanceOf(PickleFault)
      ended.fault++
    }
  }
  expect(ended.value).toBeGreaterThan(100)
  expect(ended.fault).toBeGreaterThan(100)
})
