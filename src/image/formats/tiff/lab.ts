import { notRead } from './pillow-setup.ts'

export function labToRgb(_data: Uint8Array): Uint8Array {
  throw notRead('LAB')
}
