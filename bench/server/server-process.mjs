// `icthp serve` in a process of its own, and clients of it.
import { spawn } from 'node:child_process'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { root } from '../build.mjs'

const alive = new Set()

/** Ends every server that is still there. */
export function endServers() {
  for (const child of alive) child.kill('SIGKILL')
}

/** Resolves once it listens. */
export function startServer(args) {
  const command = [join(root, 'dist/cli/icthp.js'), 'serve', '--port', '0', '-d', 'cpu', ...args]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'pipe'] })
  alive.add(child)
  child.once('close', () => alive.delete(child))
  let said = ''
  return new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said += text
      const [, port] = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(said) ?? []
      const [, grpcPort] = /gRPC on port (\d+)/.exec(said) ?? []
      if (port && (grpcPort || !args.includes('--grpc-port')))
        resolve(new Server(child, Number(port), Number(grpcPort)))
    })
    child.once('close', (code) => reject(new Error(`icthp serve ended with ${code}: ${said}`)))
  })
}

class Server {
  #child
  #agent = new Agent({ keepAlive: true })

  constructor(child, port, grpcPort) {
    this.#child = child
    this.port = port
    this.grpcPort = grpcPort
  }

  /** POSTs a form to /v1/score, as curl -F does; gives the status, the text and the milliseconds to its end. */
  score(form) {
    const start = performance.now()
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          port: this.port,
          agent: this.#agent,
          method: 'POST',
          path: '/v1/score',
          headers: { 'content-type': form.type, 'content-length': form.body.length },
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part) => (text += part))
          response.once('end', () =>
            resolve({ status: response.statusCode, text, ms: performance.now() - start }),
          )
          response.once('error', reject)
        },
      )
      asked.once('error', reject)
      asked.end(form.body)
    })
  }

  /** Metrics by name; those with labels are left out. Reading them starts the event loop's figures anew. */
  async metrics() {
    const text = await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text()
    const lines = text.split('\n').filter((line) => /^\w+ [\d.e+-]+$/.test(line))
    return Object.fromEntries(
      lines.map((line) => line.split(' ')).map(([name, value]) => [name, Number(value)]),
    )
  }

  /** Ends it as an orchestrator does; gives its exit code. */
  end() {
    this.#agent.destroy()
    return new Promise((resolve) => {
      this.#child.once('close', (code, signal) => resolve(signal ?? code))
      this.#child.kill('SIGTERM')
    })
  }
}

/** A form of one picture and a prompt. */
export function formOf(picture, prompt) {
  const edge = 'edge-of-the-bench'
  const head = (name, more) => `--${edge}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`
  return {
    type: `multipart/form-data; boundary=${edge}`,
    body: Buffer.concat([
      Buffer.from(
        `${head('prompt', '')}${prompt}\r\n${head('image', '; filename="a.jpg"\r\nContent-Type: image/jpeg')}`,
      ),
      picture,
      Buffer.from(`\r\n--${edge}--\r\n`),
    ]),
  }
}

/** Milliseconds of an answer that has a score. */
export function checked({ status, text, ms }) {
  const [result] = status === 200 ? JSON.parse(text).results : []
  if (!Number.isFinite(result?.hp)) throw new Error(`the server answered ${status}: ${text.slice(0, 200)}`)
  return ms
}
