/**
 * A pickle machine that builds data and runs nothing: the opcodes of torch's weights-only unpickler, and no others
 * (torch/_weights_only_unpickler.py, PyTorch 2.13; opcode semantics: CPython's Lib/pickle.py). What a global is, and
 * which may be called, is the caller's allow-list; nothing is ever looked up by name.
 */

/** Python's tuple; lists are arrays. */
export class PickleTuple {
  readonly items: readonly unknown[]
  constructor(items: readonly unknown[]) {
    this.items = items
  }
}

/** Python's dict, OrderedDict or Counter. */
export class PickleDict {
  readonly entries: Map<unknown, unknown> = new Map()
  /** OrderedDicts may be given attributes (a state dict's `_metadata`), which are let go. */
  readonly ordered: boolean
  constructor(ordered: boolean) {
    this.ordered = ordered
  }
}

/** What a pickle may name: inert unless it has `call`. */
export class PickleGlobal {
  /** `module.name` */
  readonly path: string
  readonly call: ((args: readonly unknown[]) => unknown) | undefined
  constructor(path: string, call?: (args: readonly unknown[]) => unknown) {
    this.path = path
    this.call = call
  }
}

/** The bytes end within the pickle. */
export class PickleEnd extends Error {}
/** Not a pickle, or one that contradicts itself. */
export class PickleFault extends Error {}
/** An opcode or global outside the allow-list. `message` names it. */
export class PickleRefused extends Error {}

export interface PickleHost {
  /** `undefined` refuses it. */
  findGlobal(path: string): PickleGlobal | undefined
  persistentLoad(id: unknown): unknown
}

/** A checkpoint of a thousand tensors takes 25,000 operations. Bounds the memory that a hostile pickle can take. */
const MAX_OPERATIONS = 2_000_000
const MARK = 0x28

/** Reads one pickle from `start` on. Returns its value and where it ended. */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  host: PickleHost,
): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const memo = new Map<number, unknown>()
  const outer: unknown[][] = []
  let stack: unknown[] = []
  let at = start
  let operations = 0

  const take = (count: number): number => {
    if (count > bytes.length - at) throw new PickleEnd('the bytes end within the pickle')
    at += count
    return at - count
  }
  const slice = (count: number): Uint8Array => {
    const from = take(count)
    return bytes.subarray(from, from + count)
  }
  const u8 = (): number => view.getUint8(take(1))
  const u32 = (): number => view.getUint32(take(4), true)
  const pop = (): unknown => {
    if (stack.length === 0) throw new PickleFault(`its stack is empty at byte ${at}`)
    return stack.pop()
  }
  const top = (): unknown => {
    if (stack.length === 0) throw new PickleFault(`its stack is empty at byte ${at}`)
    return stack[stack.length - 1]
  }
  const popMark = (): unknown[] => {
    const items = stack
    const below = outer.pop()
    if (!below) throw new PickleFault(`no mark is set at byte ${at}`)
    stack = below
    return items
  }
  const text = (raw: Uint8Array): string => {
    try {
      return utf8.decode(raw)
    } catch {
      throw new PickleFault(`a string before byte ${at} is not UTF-8`)
    }
  }
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0 || end - at > 1000)
      throw end < 0 ? new PickleEnd('the bytes end within a name') : new PickleFault('a name is too long')
    const raw = slice(end - at)
    at++
    return text(raw)
  }
  const remember = (index: number): void => void memo.set(index, top())
  const recall = (index: number): void => {
    if (!memo.has(index)) throw new PickleFault(`memo ${index} is not set at byte ${at}`)
    stack.push(memo.get(index))
  }
  const tuple = (count: number): void => {
    if (stack.length < count) throw new PickleFault(`its stack is empty at byte ${at}`)
    stack.push(new PickleTuple(stack.splice(stack.length - count, count)))
  }
  const setItems = (items: readonly unknown[]): void => {
    const dict = top()
    if (!(dict instanceof PickleDict)) throw new PickleRefused('items set on something that is not a dict')
    if (items.length % 2 !== 0) throw new PickleFault(`a key without a value at byte ${at}`)
    for (let i = 0; i < items.length; i += 2) dict.entries.set(items[i], items[i + 1])
  }
  const append = (items: readonly unknown[]): void => {
    const list = top()
    if (!Array.isArray(list)) throw new PickleRefused('items appended to something that is not a list')
    for (const item of items) list.push(item)
  }
  const call = (): void => {
    const args = pop()
    const callee = pop()
    if (!(callee instanceof PickleGlobal) || !callee.call) {
      throw new PickleRefused(
        `a call of ${callee instanceof PickleGlobal ? callee.path : 'something that is not a function'}`,
      )
    }
    if (!(args instanceof PickleTuple)) throw new PickleFault(`arguments that are not a tuple at byte ${at}`)
    // A list can be passed again and again: copying it counts.
    for (const arg of args.items.slice(0, 8)) if (Array.isArray(arg)) operations += arg.length
    stack.push(callee.call(args.items))
  }

  for (;;) {
    if (++operations > MAX_OPERATIONS) throw new PickleFault(`it has more than ${MAX_OPERATIONS} operations`)
    const opcode = u8()
    switch (opcode) {
      case 0x80: {
        // PROTO
        const protocol = u8()
        if (protocol > 5) throw new PickleFault(`it announces pickle protocol ${protocol}`)
        break
      }
      case 0x2e: // STOP
        return { value: pop(), end: at }
      case 0x63: {
        // GLOBAL
        // torch.save writes protocol 2, which has Python 2's name for builtins.
        const path = `${line().replace(/^__builtin__$/, 'builtins')}.${line()}`
        const found = host.findGlobal(path)
        if (!found) throw new PickleRefused(`the Python object ${path}`)
        stack.push(found)
        break
      }
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        call()
        break
      case 0x62: {
        // BUILD
        pop()
        const target = top()
        if (!(target instanceof PickleDict && target.ordered))
          throw new PickleRefused('state set on something that is not an OrderedDict')
        break
      }
      case 0x51: // BINPERSID
        stack.push(host.persistentLoad(pop()))
        break
      case MARK:
        outer.push(stack)
        stack = []
        break
      case 0x61: {
        // APPEND
        const item = pop()
        append([item])
        break
      }
      case 0x65: // APPENDS
        append(popMark())
        break
      case 0x73: {
        // SETITEM
        const value = pop()
        const key = pop()
        setItems([key, value])
        break
      }
      case 0x75: // SETITEMS
        setItems(popMark())
        break
      case 0x74: {
        // TUPLE
        const items = popMark()
        stack.push(new PickleTuple(items))
        break
      }
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        tuple(opcode - 0x84)
        break
      case 0x29:
        stack.push(new PickleTuple([]))
        break // EMPTY_TUPLE
      case 0x5d:
        stack.push([])
        break // EMPTY_LIST
      case 0x7d:
        stack.push(new PickleDict(false))
        break // EMPTY_DICT
      case 0x8f:
        stack.push(new Set())
        break // EMPTY_SET
      case 0x4e:
        stack.push(null)
        break // NONE
      case 0x88:
        stack.push(true)
        break // NEWTRUE
      case 0x89:
        stack.push(false)
        break // NEWFALSE
      case 0x4a:
        stack.push(view.getInt32(take(4), true))
        break // BININT
      case 0x4b:
        stack.push(u8())
        break // BININT1
      case 0x4d:
        stack.push(view.getUint16(take(2), true))
        break // BININT2
      case 0x47:
        stack.push(view.getFloat64(take(8), false))
        break // BINFLOAT
      case 0x8a:
        stack.push(integer(slice(u8())))
        break // LONG1
      case 0x58:
        stack.push(text(slice(u32())))
        break // BINUNICODE
      case 0x55:
        stack.push(text(slice(u8())))
        break // SHORT_BINSTRING
      case 0x68:
        recall(u8())
        break // BINGET
      case 0x6a:
        recall(u32())
        break // LONG_BINGET
      case 0x71:
        remember(u8())
        break // BINPUT
      case 0x72:
        remember(u32())
        break // LONG_BINPUT
      default:
        throw new PickleRefused(`pickle opcode 0x${opcode.toString(16).padStart(2, '0')} at byte ${at - 1}`)
    }
  }
}

/** Little-endian two's complement; a bigint only where a number cannot hold it. */
function integer(raw: Uint8Array): number | bigint {
  let value = 0n
  for (let i = raw.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(raw[i]!)
  value = BigInt.asIntN(8 * raw.length, value)
  const small = Number(value)
  return Number.isSafeInteger(small) ? small : value
}
