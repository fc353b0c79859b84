import { truncated } from '../../../image-errors.ts'
import { ARITHMETIC_STATES, FIXED_STATE } from './arithmetic-states.ts'
import { ScanBytes } from './scan-bytes.ts'

/** Reads decisions out of an arithmetically coded scan, by ITU-T T.81, section D.2; behind its end lie zeros, as libjpeg has it. */
export class ArithmeticReader extends ScanBytes {
  /** Set where the decisions make no sense: nothing more is decoded before the next restart marker. */
  starved = false
  /** What is read from behind the end is taken for data. */
  readonly dry = false
  #code = 0
  #interval = 0
  /** Bits of `#code` that are not yet used up; below 0 before its first two bytes are there. */
  #spare = -16
  readonly #fixed = Uint8Array.of(FIXED_STATE)

  /** A decision, by the state at `at` of `states`, which learns from it: state number + 128 · the more probable symbol. */
  decide(states: Uint8Array, at: number): 0 | 1 {
    while (this.#interval < 0x8000) {
      if (--this.#spare < 0) {
        this.#code = (this.#code << 8) | this.dataByte()
        if (this.ended) throw truncated('JPEG', 'its last scan does not end')
        this.#spare += 8
        if (this.#spare < 0 && ++this.#spare === 0) this.#interval = 0x8000
      }
      this.#interval <<= 1
    }
    const state = states[at]!
    const entry = (state & 127) * 4
    const rare = ARITHMETIC_STATES[entry]!
    const likely = this.#interval - rare
    const bound = likely << this.#spare
    let symbol = state >> 7
    let usual: boolean
    if (this.#code >= bound) {
      this.#code -= bound
      this.#interval = rare
      usual = likely < rare
    } else {
      this.#interval = likely
      if (likely >= 0x8000) return symbol as 0 | 1
      usual = likely >= rare
    }
    if (usual) states[at] = (state & 128) | ARITHMETIC_STATES[entry + 2]!
    else {
      states[at] = ((state & 128) ^ (ARITHMETIC_STATES[entry + 3]! << 7)) | ARITHMETIC_STATES[entry + 1]!
      symbol ^= 1
    }
    return symbol as 0 | 1
  }

  /** A decision of even odds. */
  bit(): 0 | 1 {
    return this.decide(this.#fixed, 0)
  }

  restart(expected: number): void {
    this.passRestart(expected)
    this.#code = this.#interval = 0
    this.#spare = -16
    this.starved = false
  }

  endUnit(): void {}
}
