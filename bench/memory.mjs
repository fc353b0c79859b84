// How much memory this process has held. On Linux also how much of it was its own: the rest is file pages, such as mapped
// weights, which the system may drop and read again, and which processes that map the same file share.
import { readFileSync } from 'node:fs'

/** Watches from now on. The peak of the whole is the system's own count; the peak of what is its own is sampled. */
export class MemoryWatch {
  #own = 0

  constructor() {
    setInterval(() => this.#sample(), 20).unref()
  }

  /** In bytes. */
  read() {
    this.#sample()
    // In KiB on every platform: libuv converts.
    const peak = process.resourceUsage().maxRSS * 1024
    return this.#own ? { peak, own: this.#own } : { peak }
  }

  #sample() {
    try {
      const [, kilobytes] = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
      this.#own = Math.max(this.#own, 1024 * Number(kilobytes))
    } catch {
      // Not Linux.
    }
  }
}
