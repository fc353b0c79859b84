/** A tensor as the header describes it, not yet held against the file. */
export interface HeaderEntry {
  readonly name: string
  readonly dtype: string
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** What is wrong with a header, where. */
export class HeaderFault extends Error {}

/** The largest checkpoints have some ten thousand in a file. */
const MAX_TENSORS = 100_000
/** Names and values that are passed over, of all kinds: a hundred thousand tensors have four hundred thousand. */
const MAX_PARTS = 500_000
/** As deep as the reference goes; its own entries are three deep. */
const MAX_DEPTH = 127
const DIMENSIONS = 64

/**
 * Reads the JSON header of a safetensors file as the reference implementation does (serde_json into `HashMetadata`,
 * safetensors 0.8): strict about types, deaf to fields it does not know. Unlike there, a name or a field that comes twice
 * is refused. Builds nothing but the entries, so that no header takes more than a few times its size. Throws `HeaderFault`.
 */
export function readHeader(bytes: Uint8Array): HeaderEntry[] {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new HeaderFault('is not UTF-8')
  }
  return new HeaderReader(text).header()
}

class HeaderReader {
  readonly #text: string
  #at = 0
  #parts = 0

  constructor(text: string) {
    this.#text = text
  }

  header(): HeaderEntry[] {
    const entries: HeaderEntry[] = []
    this.#object((name) => {
      if (name === '__metadata__') return this.#metadata()
      if (entries.length >= MAX_TENSORS) throw new HeaderFault(`names more than ${MAX_TENSORS} tensors`)
      entries.push(this.#entry(name))
    })
    this.#space()
    if (this.#at < this.#text.length) throw this.#fault()
    return entries
  }

  #entry(name: string): HeaderEntry {
    let dtype: string | undefined
    let shape: number[] | undefined
    let offsets: number[] | undefined
    this.#object((field) => {
      if (field === 'dtype') dtype = this.#string()
      else if (field === 'shape') shape = this.#counts()
      else if (field === 'data_offsets') offsets = this.#counts()
      else this.#skip(3)
    })
    const [begin, end] = offsets ?? []
    if (dtype === undefined || !shape || offsets?.length !== 2)
      throw new HeaderFault(`says too little of ${name}`)
    return { name, dtype, shape, begin: begin!, end: end! }
  }

  /** Strings by name, or null: not of interest, but they must be. */
  #metadata(): void {
    if (this.#next() !== '{') this.#word('null')
    else this.#object(() => void this.#string())
  }

  #object(value: (name: string) => void): void {
    const seen = new Set<string>()
    this.#take('{')
    if (this.#next() === '}') return this.#take('}')
    for (;;) {
      this.#countPart()
      const name = this.#string()
      if (seen.has(name)) throw new HeaderFault(`has ${name} twice`)
      seen.add(name)
      this.#take(':')
      value(name)
      if (this.#next() === '}') return this.#take('}')
      this.#take(',')
    }
  }

  #counts(): number[] {
    const counts: number[] = []
    this.#take('[')
    if (this.#next() === ']') {
      this.#take(']')
      return counts
    }
    for (;;) {
      counts.push(this.#count())
      if (counts.length > DIMENSIONS) throw new HeaderFault(`has more than ${DIMENSIONS} dimensions`)
      if (this.#next() === ']') {
        this.#take(']')
        return counts
      }
      this.#take(',')
    }
  }

  #count(): number {
    this.#space()
    const digits = this.#match(/\d{1,20}/y)
    const count = Number(digits)
    const leads = digits.length > 1 && digits.startsWith('0')
    if (digits === '' || leads || /[.\deE]/.test(this.#text.charAt(this.#at))) throw this.#fault()
    if (!Number.isSafeInteger(count)) throw new HeaderFault(`counts to ${digits}`)
    return count
  }

  #string(): string {
    this.#space()
    const start = this.#at
    this.#take('"')
    for (let sign = ''; sign !== '"'; this.#at++) {
      sign = this.#text.charAt(this.#at)
      if (sign === '') throw this.#fault()
      if (sign === '\\') this.#at++
    }
    const raw = this.#text.slice(start, this.#at)
    try {
      const value = JSON.parse(raw) as string
      // A half of a surrogate pair is no text.
      if (!/\p{Surrogate}/u.test(value)) return value
    } catch {
      // Not a string as JSON has them.
    }
    throw this.#fault()
  }

  /** A value of any kind. */
  #skip(depth: number): void {
    if (depth > MAX_DEPTH) throw new HeaderFault('is nested too deep')
    this.#countPart()
    switch (this.#next()) {
      case '{':
        return this.#object(() => this.#skip(depth + 1))
      case '[':
        return this.#skipArray(depth)
      case '"':
        return void this.#string()
      case 't':
        return this.#word('true')
      case 'f':
        return this.#word('false')
      case 'n':
        return this.#word('null')
      default:
        if (this.#match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y) === '') throw this.#fault()
    }
  }

  #skipArray(depth: number): void {
    this.#take('[')
    if (this.#next() === ']') return this.#take(']')
    for (;;) {
      this.#skip(depth + 1)
      if (this.#next() === ']') return this.#take(']')
      this.#take(',')
    }
  }

  #word(word: string): void {
    this.#space()
    if (!this.#text.startsWith(word, this.#at)) throw this.#fault()
    this.#at += word.length
  }

  #countPart(): void {
    if (++this.#parts > MAX_PARTS) throw new HeaderFault(`has more than ${MAX_PARTS} parts`)
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.#at++
    }
  }

  #next(): string {
    this.#space()
    return this.#text.charAt(this.#at)
  }

  #take(sign: string): void {
    if (this.#next() !== sign) throw this.#fault()
    this.#at++
  }

  #match(expression: RegExp): string {
    expression.lastIndex = this.#at
    const found = expression.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #fault(): HeaderFault {
    return new HeaderFault(`is not as safetensors has it at character ${this.#at}`)
  }
}
