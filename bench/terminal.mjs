// Progress on stderr: one line that is drawn over on a terminal, elsewhere a line a step. And Ctrl-C.

const watched = process.stderr.isTTY === true

/** What is being done now. */
export class Terminal {
  #step = ''
  #drawn = false

  /** A new step, on a line of its own. */
  step(text) {
    this.clear()
    this.#step = text
    process.stderr.write(watched ? `${text} …` : `${text} …\n`)
    this.#drawn = watched
  }

  /** How far the step has come; only where somebody watches. */
  detail(text) {
    if (!watched) return
    process.stderr.write(`\r\x1b[2K${`${this.#step}: ${text}`.slice(0, (process.stderr.columns ?? 80) - 1)}`)
    this.#drawn = true
  }

  /** What the user should know. */
  note(text) {
    this.clear()
    process.stderr.write(`${text}\n`)
  }

  clear() {
    if (this.#drawn) process.stderr.write('\r\x1b[2K')
    this.#drawn = false
  }
}

/**
 * Runs a whole script, `work(signal, terminal)`: Ctrl-C aborts the signal, a mistake of the user's is told in a line, `end`
 * is called at the end in any case, and the exit code is set.
 */
export async function runScript(work, end) {
  const terminal = new Terminal()
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new Error('stopped'))
    end()
    setTimeout(() => process.exit(130), 3000).unref()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  try {
    await work(controller.signal, terminal)
  } catch (error) {
    terminal.clear()
    if (controller.signal.aborted) {
      process.stderr.write('Stopped.\n')
      process.exitCode = 130
    } else {
      const told = error instanceof UsageError || error.code !== undefined
      process.stderr.write(`${told ? error.message : error.stack}\n`)
      process.exitCode = error instanceof UsageError ? 2 : 1
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
