import {
  PASSED_OVER,
  PickleDict,
  PickleEnd,
  PickleFault,
  PickleForeign,
  PickleGlobal,
  PickleRefused,
  PickleTuple,
} from './pickle-values.ts'

/** What the globals of a pickle are is the caller's to say; nothing is ever looked up by name. */
export interface PickleHost {
  /** Throws `PickleRefused`. */
  findGlobal(path: string): PickleGlobal | PickleForeign
  persistentLoad(id: unknown): unknown
}

/** A checkpoint of a thousand tensors takes 25,000 operations. Bounds the memory that a hostile pickle can take. */
const MAX_OPERATIONS = 2_000_000
/** Bytes of an integer; Python's own pickles of random states have 2,500. */
const MAX_INTEGER = 1 << 16
/** Python counts in sizes of its machine. */
const MAX_LENGTH = 2n ** 40n

/** The first protocol of opcodes that torch's weights-only unpickler does not know: without it, they are damage. */
const SINCE: ReadonlyMap<number, number> = new Map([
  ...[0x42, 0x43, 0x8b, 0x30, 0x31].map((opcode) => [opcode, 3] as const),
  ...[0x8c, 0x8d, 0x8e, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95].map((opcode) => [opcode, 4] as const),
  [0x96, 5],
])

/**
 * Reads one pickle from `start` on. Returns its value and where it ended. Throws `PickleEnd`, `PickleFault` and
 * `PickleRefused`.
 *
 * A machine that builds data and runs nothing: the opcodes of torch's weights-only unpickler
 * (torch/_weights_only_unpickler.py, PyTorch 2.13) and, where protocol 3, 4 or 5 is announced, those that it brought for
 * data (CPython's Lib/pickle.py).
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  host: PickleHost,
): { value: unknown; end: number } {
  const machine = new PickleMachine(bytes, start, host)
  return { value: machine.run(), end: machine.at }
}

class PickleMachine {
  at: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #host: PickleHost
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  readonly #memo = new Map<number, unknown>()
  readonly #outer: unknown[][] = []
  #stack: unknown[] = []
  #operations = 0
  #protocol = 0

  constructor(bytes: Uint8Array, start: number, host: PickleHost) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#host = host
    this.at = start
  }

  run(): unknown {
    for (;;) {
      if (++this.#operations > MAX_OPERATIONS)
        throw new PickleFault(`it has more than ${MAX_OPERATIONS} operations`)
      const opcode = this.#u8()
      if (opcode === 0x2e) return this.#pop() // STOP
      const since = SINCE.get(opcode)
      if (since !== undefined && this.#protocol < since) throw this.#unknown(opcode)
      if (!this.#value(opcode) && !this.#structure(opcode) && !this.#action(opcode))
        throw this.#unknown(opcode)
    }
  }

  /** Opcodes that push a value of their own. */
  #value(opcode: number): boolean {
    const value = this.#read(opcode)
    if (value === undefined) return false
    this.#stack.push(value)
    return true
  }

  #read(opcode: number): unknown {
    switch (opcode) {
      case 0x4e: // NONE
        return null
      case 0x88: // NEWTRUE
        return true
      case 0x89: // NEWFALSE
        return false
      case 0x4a: // BININT
        return this.#view.getInt32(this.#take(4), true)
      case 0x4b: // BININT1
        return this.#u8()
      case 0x4d: // BININT2
        return this.#view.getUint16(this.#take(2), true)
      case 0x47: // BINFLOAT
        return this.#view.getFloat64(this.#take(8), false)
      case 0x8a: // LONG1
        return integer(this.#slice(this.#u8()))
      case 0x8b: // LONG4
        return integer(this.#slice(this.#u32()))
      case 0x58: // BINUNICODE
        return this.#text(this.#slice(this.#u32()))
      case 0x55: // SHORT_BINSTRING
      case 0x8c: // SHORT_BINUNICODE
        return this.#text(this.#slice(this.#u8()))
      case 0x8d: // BINUNICODE8
        return this.#text(this.#slice(this.#u64()))
      case 0x43: // SHORT_BINBYTES
        return this.#passed(this.#u8())
      case 0x42: // BINBYTES
        return this.#passed(this.#u32())
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.#passed(this.#u64())
      case 0x29: // EMPTY_TUPLE
        return new PickleTuple([])
      case 0x5d: // EMPTY_LIST
        return []
      case 0x7d: // EMPTY_DICT
        return new PickleDict(false)
      case 0x8f: // EMPTY_SET
        return PASSED_OVER
      default:
        return undefined
    }
  }

  /** Opcodes that put values together, and those that keep and fetch them. */
  #structure(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // MARK
        this.#outer.push(this.#stack)
        this.#stack = []
        break
      case 0x30: // POP
        if (this.#stack.length > 0) this.#pop()
        else this.#popMark()
        break
      case 0x31: // POP_MARK
        this.#popMark()
        break
      case 0x74: // TUPLE
        this.#push(new PickleTuple(this.#popMark()))
        break
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#tuple(opcode - 0x84)
        break
      case 0x61: // APPEND
        this.#append([this.#pop()])
        break
      case 0x65: // APPENDS
        this.#append(this.#popMark())
        break
      case 0x90: // ADDITEMS
        this.#popMark()
        if (this.#top() !== PASSED_OVER && !(this.#top() instanceof PickleForeign))
          throw new PickleRefused('items added to something that is not a set')
        break
      case 0x91: // FROZENSET
        this.#popMark()
        this.#push(PASSED_OVER)
        break
      case 0x73: {
        // SETITEM
        const value = this.#pop()
        this.#setItems([this.#pop(), value])
        break
      }
      case 0x75: // SETITEMS
        this.#setItems(this.#popMark())
        break
      case 0x68: // BINGET
        this.#recall(this.#u8())
        break
      case 0x6a: // LONG_BINGET
        this.#recall(this.#u32())
        break
      case 0x71: // BINPUT
        this.#memo.set(this.#u8(), this.#top())
        break
      case 0x72: // LONG_BINPUT
        this.#memo.set(this.#u32(), this.#top())
        break
      case 0x94: // MEMOIZE
        this.#memo.set(this.#memo.size, this.#top())
        break
      default:
        return false
    }
    return true
  }

  /** Opcodes that say how to read, and those that would run something if this were Python. */
  #action(opcode: number): boolean {
    switch (opcode) {
      case 0x80: // PROTO
        this.#protocol = this.#u8()
        if (this.#protocol > 5) throw new PickleFault(`it announces pickle protocol ${this.#protocol}`)
        break
      case 0x95: // FRAME
        if (this.#u64() > this.#bytes.length - this.at) throw new PickleEnd('a frame ends behind the bytes')
        break
      case 0x63: {
        // GLOBAL
        const module = this.#line()
        this.#global(module, this.#line())
        break
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = this.#pop()
        const module = this.#pop()
        if (typeof name !== 'string' || typeof module !== 'string')
          throw new PickleFault(`a name that is not a string at byte ${this.at}`)
        this.#global(module, name)
        break
      }
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        this.#call(this.#pop())
        break
      case 0x92: {
        // NEWOBJ_EX
        const named = this.#pop()
        const args = this.#pop()
        const callee = this.#top()
        if (!(callee instanceof PickleForeign)) throw new PickleRefused('a call with named arguments')
        this.#call(new PickleTuple([args, named]))
        break
      }
      case 0x62: // BUILD
        this.#build()
        break
      case 0x51: // BINPERSID
        this.#push(this.#host.persistentLoad(this.#pop()))
        break
      default:
        return false
    }
    return true
  }

  #global(module: string, name: string): void {
    // torch.save writes protocol 2, which has Python 2's name for builtins.
    // Once for each class: the others are fetched from the memo.
    this.#operations += 4
    const path = `${module === '__builtin__' ? 'builtins' : module}.${name}`
    this.#push(this.#host.findGlobal(path))
  }

  #call(args: unknown): void {
    const callee = this.#pop()
    if (!(args instanceof PickleTuple))
      throw new PickleFault(`arguments that are not a tuple at byte ${this.at}`)
    if (callee instanceof PickleForeign) return this.#push(new PickleForeign(callee.path, args.items))
    if (!(callee instanceof PickleGlobal) || !callee.call) {
      throw new PickleRefused(
        `a call of ${callee instanceof PickleGlobal ? callee.path : 'something that is not a function'}`,
      )
    }
    // A list can be passed again and again: copying it counts.
    for (const arg of args.items.slice(0, 8)) if (Array.isArray(arg)) this.#operations += arg.length
    this.#push(callee.call(args.items))
  }

  #build(): void {
    const state = this.#pop()
    const target = this.#top()
    if (target instanceof PickleForeign) target.state = state
    else if (!(target instanceof PickleDict && target.ordered))
      throw new PickleRefused('state set on something that is not an OrderedDict')
  }

  #setItems(items: readonly unknown[]): void {
    const target = this.#top()
    if (items.length % 2 !== 0) throw new PickleFault(`a key without a value at byte ${this.at}`)
    if (target instanceof PickleDict) {
      for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1])
    } else if (target instanceof PickleForeign) {
      for (let i = 0; i < items.length; i += 2) target.setItem(items[i], items[i + 1])
    } else throw new PickleRefused('items set on something that is not a dict')
  }

  #append(items: readonly unknown[]): void {
    const list = this.#top()
    if (list instanceof PickleForeign) return
    if (!Array.isArray(list)) throw new PickleRefused('items appended to something that is not a list')
    for (const item of items) list.push(item)
  }

  #tuple(count: number): void {
    if (this.#stack.length < count) throw this.#empty()
    this.#push(new PickleTuple(this.#stack.splice(this.#stack.length - count, count)))
  }

  #recall(index: number): void {
    if (!this.#memo.has(index)) throw new PickleFault(`memo ${index} is not set at byte ${this.at}`)
    this.#push(this.#memo.get(index))
  }

  #push(value: unknown): void {
    this.#stack.push(value)
  }

  #pop(): unknown {
    if (this.#stack.length === 0) throw this.#empty()
    return this.#stack.pop()
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw this.#empty()
    return this.#stack[this.#stack.length - 1]
  }

  #popMark(): unknown[] {
    const items = this.#stack
    const below = this.#outer.pop()
    if (!below) throw new PickleFault(`no mark is set at byte ${this.at}`)
    this.#stack = below
    return items
  }

  #take(count: number): number {
    if (count > this.#bytes.length - this.at) throw new PickleEnd('the bytes end within the pickle')
    this.at += count
    return this.at - count
  }

  #slice(count: number): Uint8Array {
    const from = this.#take(count)
    return this.#bytes.subarray(from, from + count)
  }

  #passed(count: number): PickleGlobal {
    this.#take(count)
    return PASSED_OVER
  }

  #u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  #u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  #u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true)
    if (value > MAX_LENGTH) throw new PickleEnd('the bytes end within the pickle')
    return Number(value)
  }

  #text(raw: Uint8Array): string {
    try {
      return this.#utf8.decode(raw)
    } catch {
      throw new PickleFault(`a string before byte ${this.at} is not UTF-8`)
    }
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at)
    if (end < 0) throw new PickleEnd('the bytes end within a name')
    if (end - this.at > 1000) throw new PickleFault('a name is too long')
    const raw = this.#slice(end - this.at)
    this.at++
    return this.#text(raw)
  }

  #empty(): PickleFault {
    return new PickleFault(`its stack is empty at byte ${this.at}`)
  }

  #unknown(opcode: number): PickleRefused {
    return new PickleRefused(`pickle opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${this.at - 1}`)
  }
}

/** Little-endian two's complement; a bigint only where a number cannot hold it. */
function integer(raw: Uint8Array): number | bigint {
  if (raw.length > MAX_INTEGER) throw new PickleFault(`it holds an integer of ${raw.length} bytes`)
  const digits = Buffer.from(raw).reverse().toString('hex')
  const value = BigInt.asIntN(8 * raw.length, BigInt(`0x${digits || '0'}`))
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}
