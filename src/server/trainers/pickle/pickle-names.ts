import { PickledArray, PickledDtype } from './numpy-values.ts'
import { PickleFault } from './pickle-fault.ts'
import { PickledName } from './pickle-values.ts'

const NDARRAY = new PickledName('numpy.ndarray')

const NAMES: readonly PickledName[] = [
  NDARRAY,
  new PickledName('numpy.dtype', ([code]) => new PickledDtype(code)),
  // numpy 1 and 2 have other names for the same rooms.
  ...['numpy.core', 'numpy._core'].flatMap((room) => [
    new PickledName(`${room}.multiarray._reconstruct`, reconstruct),
    // Protocol 5, Python's default since 3.14, has arrays as buffers.
    new PickledName(`${room}.numeric._frombuffer`, fromBuffer),
  ]),
  // Protocol 2 has no bytes: Python writes them as text that is to be encoded, and empty ones as a call.
  new PickledName('_codecs.encode', encodeLatin1),
  new PickledName('__builtin__.bytes', noBytes),
  new PickledName('builtins.bytes', noBytes),
]
const BY_PATH = new Map(NAMES.map((name) => [name.path, name]))

/** A name that stands for data. Throws `PickleFault` for every other. */
export function pickledName(module: string, name: string): PickledName {
  const found = BY_PATH.get(`${module}.${name}`)
  if (found) return found

  const path = `${module}.${name}`.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?').slice(0, 80)
  throw new PickleFault(`names ${path}, which is not data`)
}

function reconstruct([type]: readonly unknown[]): PickledArray {
  if (type !== NDARRAY) throw new PickleFault('holds an array of a class of its own')
  return new PickledArray()
}

function fromBuffer([data, dtype, shape]: readonly unknown[]): PickledArray {
  const array = new PickledArray()
  array.fill(shape, dtype, data)
  return array
}

function encodeLatin1([text, encoding]: readonly unknown[], spend: (bytes: number) => void): Uint8Array {
  if (typeof text !== 'string' || encoding !== 'latin1')
    throw new PickleFault('encodes something that is not bytes written as text')
  // The same text can be encoded again and again.
  spend(text.length)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 255) throw new PickleFault('holds bytes written as text that are larger than a byte')
    bytes[i] = code
  }
  return bytes
}

function noBytes(args: readonly unknown[]): Uint8Array {
  if (args.length > 0) throw new PickleFault('makes bytes of something')
  return new Uint8Array()
}
