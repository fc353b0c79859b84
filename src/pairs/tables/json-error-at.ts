const SPACE = /[ \t\r\n]*/y
const STRING_PART = /(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** Deeper than anybody nests a row. */
const MOST_DEEP = 500

/** Where a text stops being JSON, from 0: engines do not always say. The text's length where it only ends too early. */
export function jsonErrorAt(text: string): number {
  const scan = new Scan(text)
  scan.value(0)
  return scan.at
}

class Scan {
  at = 0
  constructor(private readonly text: string) {}

  /** Whether a value stands here; else `at` is where it breaks. */
  value(depth: number): boolean {
    this.#take(SPACE)
    const first = this.text[this.at]
    if (first === '"') return this.#string()
    if (first === '{' || first === '[') return depth < MOST_DEEP && this.#list(first, depth)
    return this.#take(SCALAR) > 0 && this.#space()
  }

  #list(open: '{' | '[', depth: number): boolean {
    const close = open === '{' ? '}' : ']'
    this.at++
    this.#take(SPACE)
    if (this.#char(close)) return this.#space()
    for (;;) {
      if (open === '{' && !(this.#space() && this.#string() && this.#char(':'))) return false
      if (!this.value(depth + 1)) return false
      if (this.#char(close)) return this.#space()
      if (!this.#char(',')) return false
    }
  }

  #string(): boolean {
    if (!this.#char('"')) return false
    this.#take(STRING_PART)
    return this.#char('"') && this.#space()
  }

  #char(char: string): boolean {
    if (this.text[this.at] !== char) return false
    this.at++
    return true
  }

  #space(): true {
    this.#take(SPACE)
    return true
  }

  #take(pattern: RegExp): number {
    pattern.lastIndex = this.at
    const length = pattern.exec(this.text)?.[0].length ?? 0
    this.at += length
    return length
  }
}
