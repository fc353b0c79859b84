import type { PickleBytes } from './pickle-bytes.ts'
import { PASSED_OVER, PickleDict, type PickleGlobal, PickleTuple } from './pickle-values.ts'

/** The value that an opcode pushes by itself, read from behind it; undefined for the opcodes that do something else. */
export function readLiteral(opcode: number, bytes: PickleBytes): unknown {
  switch (opcode) {
    case 0x4e: // NONE
      return null
    case 0x88: // NEWTRUE
      return true
    case 0x89: // NEWFALSE
      return false
    case 0x4a: // BININT
      return bytes.i32()
    case 0x4b: // BININT1
      return bytes.u8()
    case 0x4d: // BININT2
      return bytes.u16()
    case 0x47: // BINFLOAT
      return bytes.f64()
    case 0x8a: // LONG1
      return bytes.integer(bytes.u8())
    case 0x8b: // LONG4
      return bytes.integer(bytes.u32())
    case 0x58: // BINUNICODE
      return bytes.text(bytes.u32())
    case 0x55: // SHORT_BINSTRING
    case 0x8c: // SHORT_BINUNICODE
      return bytes.text(bytes.u8())
    case 0x8d: // BINUNICODE8
      return bytes.text(bytes.u64())
    case 0x43: // SHORT_BINBYTES
      return passOver(bytes, bytes.u8())
    case 0x42: // BINBYTES
      return passOver(bytes, bytes.u32())
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
      return passOver(bytes, bytes.u64())
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

/** Bytes that are data of other kinds than tensors. */
function passOver(bytes: PickleBytes, count: number): PickleGlobal {
  bytes.skip(count)
  return PASSED_OVER
}
