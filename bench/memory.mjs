// How much memory this process holds. On Linux also of what kind: anonymous memory is the process's own; file pages are
// mapped weights, which the system may drop and read again, and which processes that map the same file share.
import { readFileSync } from 'node:fs'

/** @typedef {{ peak: number, peakAnonymous?: number, peakFile?: number }} Memory in bytes */

/** Watches from now on; the peak of the whole is the system's own count, the peaks by kind are sampled. */
export class MemoryWatch {
  #anonymous = 0
  #file = 0
  #timer

  constructor() {
    this.#sample()
    this.#timer = setInterval(() => this.#sample(), 20)
    this.#timer.unref()
  }

  /** @returns {Memory} */
  read() {
    this.#sample()
    // In KiB on every platform: libuv converts.
    const peak = process.resourceUsage().maxRSS * 1024
    return this.#anonymous ? { peak, peakAnonymous: this.#anonymous, peakFile: this.#file } : { peak }
  }

  end() {
    clearInterval(this.#timer)
  }

  #sample() {
    try {
      const status = readFileSync('/proc/self/status', 'utf8')
      const field = (/** @type {string} */ name) => 1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0)
      this.#anonymous = Math.max(this.#anonymous, field('RssAnon'))
      this.#file = Math.max(this.#file, field('RssFile'))
    } catch {
      // Not Linux.
    }
  }
}
