import { concatBytes } from '../../../../base/bytes/concat-bytes.ts'
import { type AvifProperty, configDepth } from './avif-properties.ts'

/**
 * Colour primaries, transfer and matrix that no picture has, written into the stills below: the decoder then does not turn
 * their samples into colours, and they mark the picture in its memory.
 */
export const STILL_MARK = [0x6963, 0x7468, 0x7001] as const

/** A file of one AV1 picture and nothing that a decoder could be particular about. */
export function avifStill(
  data: Uint8Array,
  width: number,
  height: number,
  config: Uint8Array,
  selectors: readonly AvifProperty[],
): Uint8Array {
  const channels = (config[2]! & 0x10) !== 0 ? 1 : 3
  const properties = [
    fullBox('ispe', 0, u32(width), u32(height)),
    fullBox('pixi', 0, [channels, ...new Array<number>(channels).fill(configDepth(config))]),
    box('av1C', config),
    box('colr', text('nclx'), ...STILL_MARK.map(u16), [0x80]),
    ...selectors.map(({ type, payload }) => box(type, payload)),
  ]
  const associations = properties.map((_, i) => {
    const type = selectors[i - 4]?.type
    return (i === 2 || (i >= 4 && type !== 'a1lx') ? 0x80 : 0) | (i + 1)
  })
  const file = box('ftyp', text('avif'), u32(0), text('avifmif1miaf'))
  const meta = (offset: number): Uint8Array =>
    fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, u32(0), text('pict'), new Uint8Array(13)),
      fullBox('pitm', 0, u16(1)),
      fullBox('iloc', 0, [0x44, 0], u16(1), u16(1), u16(0), u16(1), u32(offset), u32(data.length)),
      fullBox('iinf', 0, u16(1), fullBox('infe', 2, u16(1), u16(0), text('av01\0'))),
      box(
        'iprp',
        box('ipco', ...properties),
        fullBox('ipma', 0, u32(1), u16(1), [associations.length, ...associations]),
      ),
    )
  const before = file.length + meta(0).length + 8
  return concatBytes([file, meta(before), box('mdat', data)])
}

type Bytes = ArrayLike<number>

const box = (type: string, ...parts: readonly Bytes[]): Uint8Array => {
  const size = parts.reduce((sum, part) => sum + part.length, 8)
  return concatBytes([u32(size), text(type), ...parts])
}

const fullBox = (type: string, version: number, ...parts: readonly Bytes[]): Uint8Array =>
  box(type, [version, 0, 0, 0], ...parts)

const u16 = (value: number): Bytes => [value >> 8, value & 255]
const u32 = (value: number): Bytes => [value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]
const text = (value: string): Bytes => [...value].map((char) => char.charCodeAt(0))
