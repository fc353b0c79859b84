import { PickleBytes } from './pickle-bytes.ts'
import { readLiteral } from './pickle-literals.ts'
import { PickleStack } from './pickle-stack.ts'
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
  const source = new PickleBytes(bytes, start)
  return { value: new PickleMachine(source, host).run(), end: source.at }
}

class PickleMachine {
  readonly #bytes: PickleBytes
  readonly #stack: PickleStack
  readonly #host: PickleHost
  #operations = 0
  #protocol = 0

  constructor(bytes: PickleBytes, host: PickleHost) {
    this.#bytes = bytes
    this.#stack = new PickleStack(bytes)
    this.#host = host
  }

  run(): unknown {
    for (;;) {
      if (++this.#operations > MAX_OPERATIONS)
        throw new PickleFault(`it has more than ${MAX_OPERATIONS} operations`)
      const opcode = this.#bytes.u8()
      if (opcode === 0x2e) return this.#stack.pop() // STOP
      const since = SINCE.get(opcode)
      if (since !== undefined && this.#protocol < since) throw this.#unknown(opcode)
      const literal = readLiteral(opcode, this.#bytes)
      if (literal !== undefined) this.#stack.push(literal)
      else if (!this.#structure(opcode) && !this.#action(opcode)) throw this.#unknown(opcode)
    }
  }

  /** Opcodes that put values together, and those that keep and fetch them. */
  #structure(opcode: number): boolean {
    switch (opcode) {
      case 0x28: // MARK
        this.#stack.mark()
        break
      case 0x30: // POP
        if (this.#stack.isEmpty) this.#stack.popMark()
        else this.#stack.pop()
        break
      case 0x31: // POP_MARK
        this.#stack.popMark()
        break
      case 0x74: // TUPLE
        this.#stack.push(new PickleTuple(this.#stack.popMark()))
        break
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#stack.push(new PickleTuple(this.#stack.popMany(opcode - 0x84)))
        break
      case 0x61: // APPEND
        this.#append([this.#stack.pop()])
        break
      case 0x65: // APPENDS
        this.#append(this.#stack.popMark())
        break
      case 0x90: // ADDITEMS
        this.#stack.popMark()
        if (this.#stack.top() !== PASSED_OVER && !(this.#stack.top() instanceof PickleForeign))
          throw new PickleRefused('items added to something that is not a set')
        break
      case 0x91: // FROZENSET
        this.#stack.popMark()
        this.#stack.push(PASSED_OVER)
        break
      case 0x73: {
        // SETITEM
        const value = this.#stack.pop()
        this.#setItems([this.#stack.pop(), value])
        break
      }
      case 0x75: // SETITEMS
        this.#setItems(this.#stack.popMark())
        break
      case 0x68: // BINGET
        this.#stack.recall(this.#bytes.u8())
        break
      case 0x6a: // LONG_BINGET
        this.#stack.recall(this.#bytes.u32())
        break
      case 0x71: // BINPUT
        this.#stack.keep(this.#bytes.u8())
        break
      case 0x72: // LONG_BINPUT
        this.#stack.keep(this.#bytes.u32())
        break
      case 0x94: // MEMOIZE
        this.#stack.keep()
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
        this.#protocol = this.#bytes.u8()
        if (this.#protocol > 5) throw new PickleFault(`it announces pickle protocol ${this.#protocol}`)
        break
      case 0x95: // FRAME
        if (this.#bytes.u64() > this.#bytes.left) throw new PickleEnd('a frame ends behind the bytes')
        break
      case 0x63: {
        // GLOBAL
        const module = this.#bytes.line()
        this.#global(module, this.#bytes.line())
        break
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = this.#stack.pop()
        const module = this.#stack.pop()
        if (typeof name !== 'string' || typeof module !== 'string')
          throw new PickleFault(`a name that is not a string at byte ${this.#bytes.at}`)
        this.#global(module, name)
        break
      }
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        this.#call(this.#stack.pop())
        break
      case 0x92: {
        // NEWOBJ_EX
        const named = this.#stack.pop()
        const args = this.#stack.pop()
        const callee = this.#stack.top()
        if (!(callee instanceof PickleForeign)) throw new PickleRefused('a call with named arguments')
        this.#call(new PickleTuple([args, named]))
        break
      }
      case 0x62: // BUILD
        this.#build()
        break
      case 0x51: // BINPERSID
        this.#stack.push(this.#host.persistentLoad(this.#stack.pop()))
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
    this.#stack.push(this.#host.findGlobal(path))
  }

  #call(args: unknown): void {
    const callee = this.#stack.pop()
    if (!(args instanceof PickleTuple))
      throw new PickleFault(`arguments that are not a tuple at byte ${this.#bytes.at}`)
    if (callee instanceof PickleForeign) return this.#stack.push(new PickleForeign(callee.path, args.items))
    if (!(callee instanceof PickleGlobal) || !callee.call) {
      throw new PickleRefused(
        `a call of ${callee instanceof PickleGlobal ? callee.path : 'something that is not a function'}`,
      )
    }
    // A list can be passed again and again: copying it counts.
    for (const arg of args.items.slice(0, 8)) if (Array.isArray(arg)) this.#operations += arg.length
    this.#stack.push(callee.call(args.items))
  }

  #build(): void {
    const state = this.#stack.pop()
    const target = this.#stack.top()
    if (target instanceof PickleForeign) target.state = state
    else if (!(target instanceof PickleDict && target.ordered))
      throw new PickleRefused('state set on something that is not an OrderedDict')
  }

  #setItems(items: readonly unknown[]): void {
    const target = this.#stack.top()
    if (items.length % 2 !== 0) throw new PickleFault(`a key without a value at byte ${this.#bytes.at}`)
    if (items.some((key, at) => at % 2 === 0 && (Array.isArray(key) || key instanceof PickleDict)))
      throw new PickleFault(`a list or a dict as a key at byte ${this.#bytes.at}`)
    if (target instanceof PickleDict) {
      for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1])
    } else if (target instanceof PickleForeign) {
      for (let i = 0; i < items.length; i += 2) target.setItem(items[i], items[i + 1])
    } else throw new PickleRefused('items set on something that is not a dict')
  }

  #append(items: readonly unknown[]): void {
    const list = this.#stack.top()
    if (list instanceof PickleForeign) return
    if (!Array.isArray(list)) throw new PickleRefused('items appended to something that is not a list')
    for (const item of items) list.push(item)
  }

  #unknown(opcode: number): PickleRefused {
    return new PickleRefused(
      `pickle opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${this.#bytes.at - 1}`,
    )
  }
}
