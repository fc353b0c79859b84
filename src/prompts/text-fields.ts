/** One text of a file's metadata. */
export interface TextField {
  /** The PNG keyword, the Exif tag's name, or `xmp:` and the property's name. */
  readonly key: string
  readonly text: string
  /** For example `PNG tEXt parameters`. */
  readonly where: string
}

/** Uncompressed text of one field at most: more than any workflow takes. */
const MAX_FIELD = 2 ** 24
/** All texts of a file together (Pillow's MAX_TEXT_MEMORY). */
const MAX_ALL = 2 ** 26

/** The texts of a file, as its containers are read. What is damaged or too large is passed over, and noted. */
export class TextFields {
  readonly #fields: TextField[] = []
  #size = 0
  #taken = 0
  /** Something was there that could not be read. */
  damaged = false
  tooLarge = false
  /** The file has a C2PA manifest. */
  c2pa = false

  /** `container` is `PNG`, `JPEG`, `WebP` or `AVIF`. */
  constructor(readonly container: string) {}

  add(key: string, text: string, where: string): void {
    this.#size += text.length
    if (text.length > MAX_FIELD || this.#size > MAX_ALL) this.tooLarge = true
    else this.#fields.push({ key, text, where: `${this.container} ${where}` })
  }

  /**
   * Whether so many bytes may still be looked at: few bytes of a file can unfold to many, and many entries can name the
   * same ones.
   */
  take(bytes: number): boolean {
    this.#taken += bytes
    if (this.#taken <= MAX_ALL) return true
    this.tooLarge = true
    return false
  }

  get all(): readonly TextField[] {
    return this.#fields
  }

  /** The last of that name: writers that change a file append. */
  get(key: string): TextField | undefined {
    return this.#fields.findLast((field) => field.key === key)
  }

  /** The first of these names that is there. */
  first(...keys: readonly string[]): TextField | undefined {
    return keys.map((key) => this.get(key)).find((field) => field !== undefined)
  }
}
