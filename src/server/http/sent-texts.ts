import { decodeBase64 } from '../../base/bytes/decode-base64.ts'

/** What the texts of a body say, which may still be its bytes: a picture is never made into a string. */
export interface SentTexts {
  /** A text as it was sent, or undefined where it is something else. */
  text(value: unknown): string | undefined
  /** Its first characters, some hundred at least where it has them. */
  head(value: string): string
  /** The bytes of a text in base64, from a character on, or undefined where it is something else. */
  base64(value: unknown, from?: number): Promise<Uint8Array | undefined>
}

/** Characters of a head. */
export const HEAD = 300

/** Of a form, whose texts are strings. */
export const FORM_TEXTS: SentTexts = {
  text: (value) => (typeof value === 'string' ? value : undefined),
  head: (value) => value.slice(0, HEAD),
  base64: async (value, from = 0) =>
    typeof value === 'string' ? decodeBase64(value.slice(from)) : undefined,
}
