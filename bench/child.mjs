// A child process that is asked in lines of JSON on its stdin and answers in lines of JSON on its stdout. Each precision and
// each reference lives in one, so that memory and start can be measured by process.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const alive = new Set()

/** Ends every child that is still there. */
export function endChildren() {
  for (const child of alive) child.kill()
}

export class Child {
  #process
  #name
  #lines
  #errors = ''
  #ended

  /** `name` is said in errors; `env` is added to this process's. */
  constructor(name, file, args, env = {}) {
    this.#name = name
    this.#process = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    this.#process.stdin.on('error', () => {})
    this.#process.stderr
      .setEncoding('utf8')
      .on('data', (text) => (this.#errors = (this.#errors + text).slice(-4000)))
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.#errors += error.message
        resolve()
      })
      this.#process.once('close', resolve)
    }).then(() => alive.delete(this))
    alive.add(this)
  }

  /** Sends a command and waits for its answer; one at a time. */
  ask(command) {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`)
    return this.answer()
  }

  /** The next line. */
  async answer() {
    const { value, done } = await this.#lines.next()
    if (done) {
      await this.#ended
      const told = this.#errors.trim()
      throw new Error(`${this.#name} ended before it answered${told ? `:\n${told}` : '. Out of memory?'}`)
    }
    const reply = JSON.parse(value)
    if (reply.error) throw new Error(`${this.#name}: ${reply.error}`)
    return reply
  }

  /** Lets it end by itself; it is killed if it does not. */
  async end() {
    this.#process.stdin.end()
    const late = setTimeout(() => this.kill(), 10_000)
    await this.#ended
    clearTimeout(late)
  }

  kill() {
    this.#process.kill('SIGKILL')
  }
}
