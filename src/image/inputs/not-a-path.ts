import { ImageError, show } from '../../base/errors.ts'

/** What no system takes for a path. */
const MAX_PATH = 32_767
/** Longer names are cut in the middle: a message is for reading. */
const MAX_SHOWN = 300

/** Base64 of the first bytes of JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF. */
const IMAGE_AS_BASE64 =
  /^\s*(\/9j\/|iVBORw0KGgo|UklGR|R0lGOD|Qk[0-9A-Za-z+/]{5}A|SUkq|TU0A|AAAA[A-Za-z0-9+/]{2}[Zm]?0)/
const ONLY_BASE64 = /^[A-Za-z0-9+/\s]+(?:={1,2}\s*)?$/

/** Whether a string is an image's bytes as base64, which people pass where a path or an address is meant. */
function isBareBase64(text: string): boolean {
  return text.length >= 64 && IMAGE_AS_BASE64.test(text) && ONLY_BASE64.test(text.slice(0, 1000))
}

/** Why a string can be neither path nor address, where it cannot. Its error is short, however long the string. */
export function refuseLongText(text: string): ImageError | undefined {
  if (isBareBase64(text)) {
    return new ImageError(
      'image_unsupported',
      `${show(text.slice(0, 24))}… is base64, not a path. Put \`data:image/png;base64,\` in front of it (or jpeg, webp, …), ` +
        'or decode it and pass the bytes.',
      { length: text.length },
    )
  }
  if (text.length <= MAX_PATH) return undefined
  return new ImageError(
    'image_unsupported',
    `A text of ${text.length} characters, which starts with ${show(text.slice(0, 24))}, is not a path. Pass an image's bytes as ` +
      'bytes, or as a data URL.',
    { length: text.length },
  )
}

/** A name as messages show it. */
export function shortName(name: string): string {
  if (name.length <= MAX_SHOWN) return name
  return `${name.slice(0, 100)}…${name.slice(-100)}`
}
