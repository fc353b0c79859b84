/**
 * Reads pickles that hold data, as trainers send them, and runs nothing: lists, tuples, dicts, texts, numbers, bytes,
 * and numpy arrays of plain values. Every other name or opcode is a fault.
 *
 * It shares nothing with src/checkpoint/pickle/pickle-machine.ts, which has another task: there bytes are passed over, unknown
 * objects are held a place for, and torch's classes and storages are what is looked for. What is alike is what the
 * format says (CPython's Lib/pickle.py), and a name allowed for one must not come to be allowed for the other.
 */
import { PickledArray, PickledDtype } from './numpy-values.ts'
import { PickleFault } from './pickle-fault.ts'
import { pickledName } from './pickle-names.ts'
import { PickleSource } from './pickle-source.ts'
import { PickledDict, PickledList, PickledName, PickledTuple } from './pickle-values.ts'

/** 64 pictures with their prompts take 300. Each makes one small value at most, so memory is bounded with them. */
const MAX_OPERATIONS = 250_000
/** Values kept to be fetched again: Python keeps all but numbers. */
const MAX_MEMO = 125_000
/** Lists, tuples and dicts that are open at a time. */
const MAX_MARKS = 64

const PROTO = 0x80
const STOP = 0x2e

/** Whether bytes begin as pickles of protocol 2 to 5 do. */
export function looksPickled([opcode, protocol = 0]: Uint8Array): boolean {
  return opcode === PROTO && protocol >= 2 && protocol <= 5
}

/** The value of a pickle. Bytes in it are views of `bytes`. Throws `PickleFault`. */
export function readPickle(bytes: Uint8Array): unknown {
  if (!looksPickled(bytes)) throw new PickleFault('does not begin as pickles of protocol 2 to 5 do')
  return new PickleReader(bytes).read()
}

class PickleReader {
  readonly source: PickleSource
  stack: unknown[] = []
  readonly #outer: unknown[][] = []
  readonly #memo = new Map<number, unknown>()
  #budget: number

  constructor(bytes: Uint8Array) {
    this.source = new PickleSource(bytes)
    this.#budget = bytes.length
  }

  read(): unknown {
    for (let operations = 0; operations < MAX_OPERATIONS; operations++) {
      const opcode = this.source.u8()
      if (opcode === STOP) return this.pop()
      const value = VALUES[opcode]
      if (value) this.stack.push(value(this.source))
      else this.#act(opcode)
    }
    throw new PickleFault(`has more than ${MAX_OPERATIONS} operations`)
  }

  #act(opcode: number): void {
    const action = ACTIONS[opcode]
    if (action) return action(this)
    const code = opcode.toString(16).padStart(2, '0')
    throw new PickleFault(`has opcode 0x${code} at byte ${this.source.at - 1}, which does not build data`)
  }

  pop(): unknown {
    if (this.stack.length === 0) throw new PickleFault('takes a value that is not there')
    return this.stack.pop()
  }

  top(): unknown {
    if (this.stack.length === 0) throw new PickleFault('takes a value that is not there')
    return this.stack[this.stack.length - 1]
  }

  mark(): void {
    if (this.#outer.length >= MAX_MARKS) throw new PickleFault(`nests values more than ${MAX_MARKS} deep`)
    this.#outer.push(this.stack)
    this.stack = []
  }

  popMark(): unknown[] {
    const items = this.stack
    const below = this.#outer.pop()
    if (!below) throw new PickleFault('ends a list that it has not begun')
    this.stack = below
    return items
  }

  tuple(items: readonly unknown[]): void {
    this.stack.push(new PickledTuple(items))
  }

  append(items: readonly unknown[]): void {
    const list = this.top()
    if (!(list instanceof PickledList)) throw new PickleFault('appends to something that is not a list')
    for (const item of items) list.append(item)
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top()
    if (!(dict instanceof PickledDict)) throw new PickleFault('sets an entry of something that is not a dict')
    if (items.length % 2 !== 0) throw new PickleFault('has a key without a value')
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1])
  }

  keep(index: number): void {
    this.#memo.set(index, this.top())
    if (this.#memo.size > MAX_MEMO) throw new PickleFault(`keeps more than ${MAX_MEMO} values`)
  }

  keepNext(): void {
    this.keep(this.#memo.size)
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw new PickleFault('fetches a value that it has not kept')
    this.stack.push(this.#memo.get(index))
  }

  reduce(): void {
    const args = this.pop()
    const name = this.pop()
    if (!(args instanceof PickledTuple) || !(name instanceof PickledName) || !name.call)
      throw new PickleFault('calls something that is not a function')
    this.stack.push(name.call(args.items, (spent) => this.#spend(spent)))
  }

  build(): void {
    const state = this.pop()
    const target = this.top()
    if (
      !(target instanceof PickledArray || target instanceof PickledDtype) ||
      !(state instanceof PickledTuple)
    )
      throw new PickleFault('gives a state to something that has none')
    target.build(state.items)
  }

  /** What is made anew cannot be more than what was sent. */
  #spend(bytes: number): void {
    this.#budget -= bytes
    if (this.#budget < 0) throw new PickleFault('makes more bytes than it has')
  }
}

/** Opcodes that push a value of their own. */
const VALUES: Readonly<Record<number, (source: PickleSource) => unknown>> = {
  0x4e: () => null, // NONE
  0x88: () => true, // NEWTRUE
  0x89: () => false, // NEWFALSE
  0x4a: (source) => source.i32(), // BININT
  0x4b: (source) => source.u8(), // BININT1
  0x4d: (source) => source.u16(), // BININT2
  0x8a: (source) => source.integer(source.u8()), // LONG1
  0x8b: (source) => source.integer(source.u32()), // LONG4
  0x47: (source) => source.f64(), // BINFLOAT
  0x8c: (source) => source.text(source.u8()), // SHORT_BINUNICODE
  0x58: (source) => source.text(source.u32()), // BINUNICODE
  0x8d: (source) => source.text(source.u64()), // BINUNICODE8
  0x43: (source) => source.bytes(source.u8()), // SHORT_BINBYTES
  0x42: (source) => source.bytes(source.u32()), // BINBYTES
  0x8e: (source) => source.bytes(source.u64()), // BINBYTES8
  0x96: (source) => source.bytes(source.u64()), // BYTEARRAY8
  0x29: () => new PickledTuple([]), // EMPTY_TUPLE
  0x5d: () => new PickledList(), // EMPTY_LIST
  0x7d: () => new PickledDict(), // EMPTY_DICT
  0x63: (source) => pickledName(source.line(), source.line()), // GLOBAL
}

/** Opcodes that work on what is there. */
const ACTIONS: Readonly<Record<number, (reader: PickleReader) => void>> = {
  0x95: ({ source }) => {
    // FRAME
    if (source.u64() > source.left) throw new PickleFault('ends too early: it was cut short')
  },
  0x28: (reader) => reader.mark(), // MARK
  0x74: (reader) => reader.tuple(reader.popMark()), // TUPLE
  0x85: (reader) => reader.tuple([reader.pop()]), // TUPLE1
  0x86: (reader) => reader.tuple([reader.pop(), reader.pop()].reverse()), // TUPLE2
  0x87: (reader) => reader.tuple([reader.pop(), reader.pop(), reader.pop()].reverse()), // TUPLE3
  0x61: (reader) => reader.append([reader.pop()]), // APPEND
  0x65: (reader) => reader.append(reader.popMark()), // APPENDS
  0x73: (reader) => reader.setItems([reader.pop(), reader.pop()].reverse()), // SETITEM
  0x75: (reader) => reader.setItems(reader.popMark()), // SETITEMS
  0x71: (reader) => reader.keep(reader.source.u8()), // BINPUT
  0x72: (reader) => reader.keep(reader.source.u32()), // LONG_BINPUT
  0x94: (reader) => reader.keepNext(), // MEMOIZE
  0x68: (reader) => reader.recall(reader.source.u8()), // BINGET
  0x6a: (reader) => reader.recall(reader.source.u32()), // LONG_BINGET
  0x93: (reader) => {
    // STACK_GLOBAL
    const [name, module] = [reader.pop(), reader.pop()]
    if (typeof name !== 'string' || typeof module !== 'string')
      throw new PickleFault('has a name that is not a text')
    reader.stack.push(pickledName(module, name))
  },
  0x52: (reader) => reader.reduce(), // REDUCE
  0x62: (reader) => reader.build(), // BUILD
  [PROTO]: ({ source }) => {
    const protocol = source.u8()
    if (protocol < 2 || protocol > 5) throw new PickleFault(`announces protocol ${protocol}`)
  },
}
