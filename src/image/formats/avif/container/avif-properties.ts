import type { ByteReader } from '../../byte-reader.ts'
import { type Box, boxes, damaged } from './avif-boxes.ts'

/** A property of an item, or of a track's samples: a box of `ipco` or of the sample entry. */
export interface AvifProperty {
  readonly type: string
  readonly payload: Uint8Array
}

/** How samples become colours, as a file says it or as the AV1 data says it. Numbers are those of ITU-T H.273. */
export interface AvifCoding {
  readonly primaries: number
  readonly matrix: number
  readonly fullRange: boolean
}

/** What libavif knows; an item whose other properties are essential is not read. */
const KNOWN = /^(ispe|aux[Ci]|colr|av1C|pasp|clap|irot|imir|pixi|a1op|lsel|a1lx|clli)$/
/** These must be essential, that one must not. */
const ESSENTIAL = /^(a1op|lsel|clap|irot|imir)$/
const NOT_ESSENTIAL = 'a1lx'

export const isKnown = ({ type }: AvifProperty): boolean => KNOWN.test(type)

/** Throws where a property must be, or must not be, essential. */
export function checkEssential({ type }: AvifProperty, essential: boolean): void {
  if (essential ? type === NOT_ESSENTIAL : ESSENTIAL.test(type))
    throw damaged(`its '${type}' property must ${essential ? 'not ' : ''}be essential`)
}

export function readProperties(reader: ByteReader, at: number, end: number): AvifProperty[] {
  return [...boxes(reader, at, end)].map((box) => {
    const property = { type: box.type, payload: reader.slice(box.at, box.end - box.at) }
    checkLayout(property, box)
    return property
  })
}

/** Payloads shorter than this are damage. */
const LEAST: Readonly<Record<string, number>> = {
  ispe: 12,
  auxC: 5,
  auxi: 5,
  colr: 4,
  av1C: 4,
  pasp: 8,
  clap: 32,
  irot: 1,
  imir: 1,
  pixi: 5,
  a1op: 1,
  lsel: 2,
  a1lx: 7,
  clli: 4,
}

function checkLayout({ type, payload }: AvifProperty, box: Box): void {
  const wrong =
    box.end - box.at < (LEAST[type] ?? 0) ||
    (/^(ispe|pixi|aux[Ci])$/.test(type) && payload[0] !== 0) ||
    (/^aux[Ci]$/.test(type) && !payload.includes(0, 4)) ||
    (type === 'av1C' && payload[0] !== 0x81) ||
    (type === 'irot' && payload[0]! > 3) ||
    (type === 'imir' && payload[0]! > 1) ||
    (type === 'colr' &&
      text(payload, 0, 4) === 'nclx' &&
      (payload.length < 11 || (payload[10]! & 127) !== 0)) ||
    (type === 'pixi' && (payload[4]! < 1 || payload[4]! > 4 || payload.length < 5 + payload[4]!))
  if (wrong) throw damaged(`its '${type}' property is damaged`)
}

export const find = (properties: readonly AvifProperty[], type: string): Uint8Array | undefined =>
  properties.find((property) => property.type === type)?.payload

/** The size that an item says it has. */
export function sizeOf(properties: readonly AvifProperty[]): { width: number; height: number } | undefined {
  const payload = find(properties, 'ispe')
  return payload && { width: u32(payload, 4), height: u32(payload, 8) }
}

/** The `nclx` colours. More than one is damage. */
export function codingOf(properties: readonly AvifProperty[]): AvifCoding | undefined {
  const found = properties.filter(({ type, payload }) => type === 'colr' && text(payload, 0, 4) === 'nclx')
  if (found.length > 1) throw damaged('it has two colour spaces')
  const payload = found[0]?.payload
  return (
    payload && {
      primaries: payload[4]! * 256 + payload[5]!,
      matrix: payload[8]! * 256 + payload[9]!,
      fullRange: payload[10]! >= 128,
    }
  )
}

/** Bits a sample, by the `av1C` property. */
export function configDepth(config: Uint8Array): 8 | 10 | 12 {
  if ((config[2]! & 0x40) === 0) return 8
  return (config[2]! & 0x20) === 0 ? 10 : 12
}

/** Throws where `pixi`, which may be absent, says another depth than `av1C`, which must be there. Returns the latter. */
export function configOf(properties: readonly AvifProperty[]): Uint8Array {
  const config = find(properties, 'av1C')
  if (!config) throw damaged('it does not say how it is coded')
  const pixi = find(properties, 'pixi')
  if (pixi?.subarray(5, 5 + pixi[4]!).some((depth) => depth !== configDepth(config)))
    throw damaged('its pixi and av1C properties do not agree')
  return config
}

export function isAlpha(properties: readonly AvifProperty[], type: 'auxC' | 'auxi'): boolean {
  const payload = find(properties, type)
  if (!payload) return false
  const end = payload.indexOf(0, 4)
  return ALPHA.test(text(payload, 4, (end < 0 ? payload.length : end) - 4))
}

const ALPHA = /^urn:mpeg:(mpegB:cicp:systems:auxiliary:alpha|hevc:2015:auxid:1)$/

/** Alpha that is turned or cropped must be so as colour is. */
export function checkAlphaProperties(colour: readonly AvifProperty[], alpha: readonly AvifProperty[]): void {
  const types = ['clap', 'irot', 'imir']
  if (types.every((type) => !find(alpha, type))) return
  if (types.some((type) => String(find(alpha, type)) !== String(find(colour, type))))
    throw damaged('its alpha plane is turned or cropped otherwise than its colours')
}

const text = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length))

const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! * 256 + bytes[at + 1]!) * 256 + bytes[at + 2]!) * 256 + bytes[at + 3]!
