import type { StoredObject } from './store.ts'

/** The answer to ListObjectsV2: XML as flat as this needs no parser. Keys are URL-encoded, as was asked for. */
export function readListing(xml: string): {
  readonly objects: readonly StoredObject[]
  readonly next: string | undefined
} {
  const isEncoded = valueOf(xml, 'EncodingType') === 'url'
  const objects = xml
    .split('<Contents>')
    .slice(1)
    .map((entry) => {
      const key = unescapeXml(valueOf(entry, 'Key') ?? '')
      return {
        key: isEncoded ? decodeURIComponent(key.replaceAll('+', ' ')) : key,
        size: Number(valueOf(entry, 'Size')),
      }
    })
  const next = valueOf(xml, 'NextContinuationToken')
  return { objects, next: next === undefined ? undefined : unescapeXml(next) }
}

function valueOf(xml: string, tag: string): string | undefined {
  const start = xml.indexOf(`<${tag}>`)
  if (start < 0) return undefined
  const from = start + tag.length + 2
  return xml.slice(from, xml.indexOf('<', from))
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const unescapeXml = (text: string): string =>
  text.replace(/&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\da-f]{1,6}));/gi, (_, name, decimal, hex) =>
    name
      ? ENTITIES[String(name).toLowerCase()]!
      : String.fromCodePoint(decimal ? Number(decimal) : parseInt(String(hex), 16)),
  )
