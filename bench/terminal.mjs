// Progress on stderr: one line that is drawn over on a terminal, elsewhere a line a step. And Ctrl-C.

const watched = process.stderr.isTTY === true

/** What is being done now. */
export class Terminal {
  #step = ''
  #drawn = false

  /**
   * A new step, on a line of its own.
   * @param {string} text
   */
  step(text) {
    this.clear()
    this.#step = text
    process.stderr.write(watched ? `${text} …` : `${text} …\n`)
    this.#drawn = watched
  }

  /**
   * How far the step has come; only where somebody watches.
   * @param {string} text
   */
  detail(text) {
    if (!watched) return
    const line = `${this.#step}: ${text}`.slice(0, (process.stderr.columns ?? 80) - 1)
    process.stderr.write(`\r\x1b[2K${line}`)
    this.#drawn = true
  }

  /**
   * What the user should know.
   * @param {string} text
   */
  note(text) {
    this.clear()
    process.stderr.write(`${text}\n`)
  }

  clear() {
    if (this.#drawn) process.stderr.write('\r\x1b[2K')
    this.#drawn = false
  }

  /** @returns {(progress: import('../src/progress.ts').Progress) => void} */
  get onProgress() {
    return ({ stage, item, loaded, total, unit }) => {
      if (total) this.detail(`${stage} ${item}, ${Math.round((100 * loaded) / total)} % of the ${unit}`)
    }
  }
}

/**
 * A signal that Ctrl-C aborts. Who does not end within three seconds is not waited for; `end` is called before that.
 * @param {() => void} end
 */
export function stopSignal(end) {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new Error('stopped'))
    end()
    setTimeout(() => process.exit(130), 3000).unref()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}

/**
 * Runs a whole script: says in a line what went wrong where it is the user's to mend, ends children, sets the exit code.
 * @param {(signal: AbortSignal, terminal: Terminal) => Promise<number | void>} work
 * @param {() => void} end
 */
export async function runScript(work, end) {
  const terminal = new Terminal()
  const signal = stopSignal(end)
  try {
    process.exitCode = (await work(signal, terminal)) || 0
  } catch (error) {
    terminal.clear()
    if (signal.aborted) {
      process.stderr.write('Stopped.\n')
      process.exitCode = 130
    } else {
      const { name, code, message, stack } = /** @type {Error & { code?: string }} */ (error)
      const known = name === 'UsageError' || code !== undefined
      process.stderr.write(`${known ? message : stack}\n`)
      process.exitCode = name === 'UsageError' ? 2 : 1
    }
  } finally {
    terminal.clear()
    end()
  }
}

/** A mistake in the arguments, or something missing that the message says how to get. */
export class UsageError extends Error {
  name = 'UsageError'
}
