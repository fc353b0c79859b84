import { RequestError } from '../../base/errors.ts'

/** How much may wait at a time. */
export interface QueueLimits {
  readonly images: number
  readonly bytes: number
}

/** Room that was taken. */
export interface Hold {
  /** Lets go of so many of its bytes. */
  less(bytes: number): void
  /** Lets go of what is left of it. May be called twice. */
  end(): void
}

/** What is held for those who wait, in images and in bytes, and the end of it: beyond, requests are refused at once. */
export class Allowance {
  readonly limits: QueueLimits
  #images = 0
  #bytes = 0
  /** A moving mean of what an image takes, for what refusals tell. */
  #secondsAnImage: number | undefined

  constructor(limits: QueueLimits) {
    this.limits = limits
  }

  get images(): number {
    return this.#images
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Takes room. Throws `RequestError`: `request_overloaded`, or `request_too_large` for what would not fit alone either. */
  take(images: number, bytes: number): Hold {
    const { limits } = this
    if (images > limits.images) throw tooLarge(`${images} images`, `${limits.images} images`)
    if (bytes > limits.bytes) throw tooLarge(`${bytes} bytes`, `${limits.bytes} bytes`)
    if (this.#images + images > limits.images || this.#bytes + bytes > limits.bytes) throw this.refusal()
    this.#images += images
    this.#bytes += bytes
    const held = { images, bytes }
    const less = (fewer: number): void => {
      const part = Math.min(fewer, held.bytes)
      held.bytes -= part
      this.#bytes -= part
    }
    const end = (): void => {
      less(held.bytes)
      this.#images -= held.images
      held.images = 0
    }
    return { less, end }
  }

  /** Throws `RequestError` `request_overloaded` where there is room for nothing more. */
  check(): void {
    if (this.#images >= this.limits.images || this.#bytes >= this.limits.bytes) throw this.refusal()
  }

  /** So many images took so long. */
  learn(images: number, seconds: number): void {
    const each = seconds / images
    this.#secondsAnImage = this.#secondsAnImage === undefined ? each : 0.9 * this.#secondsAnImage + 0.1 * each
  }

  refusal(): RequestError {
    const retryAfter = Math.min(60, Math.max(1, Math.ceil(this.#images * (this.#secondsAnImage ?? 0))))
    return new RequestError(
      'request_overloaded',
      `The server has as much waiting as it takes (${this.#images} images, ${this.#bytes} bytes). ` +
        `Try again in ${retryAfter} s.`,
      { retryAfter, images: this.#images, bytes: this.#bytes },
    )
  }
}

const tooLarge = (given: string, most: string): RequestError =>
  new RequestError(
    'request_too_large',
    `The request holds ${given}; the server takes ${most} at a time. Send it in parts.`,
    { given, most },
  )
