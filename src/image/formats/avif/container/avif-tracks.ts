import type { ByteReader } from '../../byte-reader.ts'
import { type Box, boxes, checkCount, cutShort, damaged, u64 } from './avif-boxes.ts'
import { type AvifProperty, find, isAlpha, readProperties } from './avif-properties.ts'

/** A track of AV1 pictures (ISO/IEC 14496-12), of which the first is wanted. */
export interface AvifTrack {
  readonly id: number
  readonly width: number
  readonly height: number
  readonly auxiliaryFor: number
  readonly premultipliedBy: number
  readonly properties: readonly AvifProperty[]
  /** Where the first picture lies. */
  readonly offset: number
  readonly length: number
}

/** The colour track, and the alpha track that belongs to it. Tracks of sound and the like are passed over. */
export function readTracks(
  reader: ByteReader,
  moov: Box,
): { readonly colour: AvifTrack; readonly alpha: AvifTrack | undefined } {
  const tracks = [...boxes(reader, moov.at, moov.end)]
    .filter(({ type }) => type === 'trak')
    .map((box) => readTrack(reader, box))
    .filter((track) => track !== undefined)
  const colour = tracks.find(({ auxiliaryFor }) => auxiliaryFor === 0)
  if (!colour) throw damaged('it has no track of pictures')
  const alpha = tracks.find(
    ({ auxiliaryFor, properties }) =>
      auxiliaryFor === colour.id && (!find(properties, 'auxi') || isAlpha(properties, 'auxi')),
  )
  return { colour, alpha }
}

/** The bytes before the boxes of a VisualSampleEntry. */
const SAMPLE_ENTRY = 78

function readTrack(reader: ByteReader, trak: Box): AvifTrack | undefined {
  const inside = new Map([...boxes(reader, trak.at, trak.end)].map((box) => [box.type, box]))
  const tkhd = inside.get('tkhd')
  if (!tkhd) throw damaged('a track has no header')
  const version = reader.u8(tkhd.at)
  if (version > 1) throw damaged(`a track's header is of version ${version}`)
  const at = tkhd.at + (version === 1 ? 20 : 12)
  const id = reader.u32(at, false)
  const size = at + (version === 1 ? 16 : 12) + 52
  const table = ['mdia', 'minf', 'stbl'].reduce<Map<string, Box>>((level, type) => {
    const box = level.get(type)
    return new Map(box ? [...boxes(reader, box.at, box.end)].map((child) => [child.type, child]) : [])
  }, inside)
  const stsd = table.get('stsd')
  const entry = stsd && [...boxes(reader, stsd.at + 8, stsd.end)].find(({ type }) => type === 'av01')
  if (!entry || id === 0) return undefined
  const first = firstSample(reader, table)
  return (
    first && {
      id,
      width: reader.u16(size, false),
      height: reader.u16(size + 4, false),
      ...references(reader, inside.get('tref')),
      properties: readProperties(reader, entry.at + SAMPLE_ENTRY, entry.end),
      ...first,
    }
  )
}

function references(
  reader: ByteReader,
  tref: Box | undefined,
): { auxiliaryFor: number; premultipliedBy: number } {
  const found = { auxiliaryFor: 0, premultipliedBy: 0 }
  for (const { type, at } of tref ? boxes(reader, tref.at, tref.end) : []) {
    if (type === 'auxl') found.auxiliaryFor = reader.u32(at, false)
    if (type === 'prem') found.premultipliedBy = reader.u32(at, false)
  }
  return found
}

/** Throws where a picture of the track, not only the first, lies behind the file's end: such files are cut short. */
function firstSample(
  reader: ByteReader,
  table: ReadonlyMap<string, Box>,
): { offset: number; length: number } | undefined {
  const [stco, co64, stsc, stsz] = ['stco', 'co64', 'stsc', 'stsz'].map((type) => table.get(type))
  const places = stco ?? co64
  const chunks = places ? reader.u32(places.at + 4, false) : 0
  if (!places || chunks === 0) return undefined
  if (!stsc || !stsz) throw damaged('a track does not say where its pictures are')
  const allSize = reader.u32(stsz.at + 4, false)
  const runs = reader.u32(stsc.at + 4, false)
  checkCount(chunks, stco ? 4 : 8, places.at + 8, places.end)
  checkCount(runs, 12, stsc.at + 8, stsc.end)
  if (allSize === 0) checkCount(reader.u32(stsz.at + 8, false), 4, stsz.at + 12, stsz.end)
  checkRuns(reader, stsc.at + 8, runs)
  let sample = 0
  let run = 0
  let first: { offset: number; length: number } | undefined
  for (let chunk = 0; chunk < chunks; chunk++) {
    while (run + 1 < runs && reader.u32(stsc.at + 8 + (run + 1) * 12, false) <= chunk + 1) run++
    const count = runs === 0 ? 0 : reader.u32(stsc.at + 8 + run * 12 + 4, false)
    if (count === 0) throw damaged('a track has a chunk without pictures')
    let offset = stco ? reader.u32(stco.at + 8 + chunk * 4, false) : u64(reader, places.at + 8 + chunk * 8)
    if (allSize > 0) {
      if (offset + allSize * count > reader.length) throw cutShort('it ends within its pictures')
      first ??= { offset, length: allSize }
      continue
    }
    for (let i = 0; i < count; i++) {
      const length = reader.u32(stsz.at + 12 + sample * 4, false)
      if (offset + length > reader.length || length === 0) throw cutShort('it ends within its pictures')
      first ??= { offset, length }
      offset += length
      sample++
    }
  }
  return first
}

/** The chunks at which runs begin must go up from 1. */
function checkRuns(reader: ByteReader, at: number, runs: number): void {
  for (let run = 0, last = 0; run < runs; run++) {
    const chunk = reader.u32(at + run * 12, false)
    if (run === 0 ? chunk !== 1 : chunk <= last) throw damaged('the chunks of a track are out of order')
    last = chunk
  }
}
