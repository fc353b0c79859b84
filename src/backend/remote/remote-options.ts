import { InputError, show } from '../../base/errors.ts'
import { PROTOCOLS, type RemoteProtocol } from './find-transport.ts'
import { parseServerUrl, type ServerUrl } from './server-url.ts'

/** What a tower is called in model repositories. */
export type RemoteTower = 'ict_vision' | 'ict_text' | 'hp_vision'

export interface RemoteOptions {
  /**
   * Where the server is: `http://host:8000`, `https://…`, `grpc://host:8001`, `grpcs://…`. Several are a pool of servers
   * with the same towers: each request goes to the least busy, and one that does not answer is passed over for a while.
   */
  readonly url: string | URL | readonly (string | URL)[]
  /**
   * Default `auto`, found out by trying: gRPC where `@grpc/grpc-js` is installed and it answers, on the port that is named
   * or the next one; else REST with binary tensors; else REST with JSON.
   */
  readonly protocol?: RemoteProtocol | undefined
  /** Sent with every request, for example `{ authorization: 'Bearer …' }`; gRPC sends them as metadata. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * Bytes of tensors a request may have; larger batches are split. Default 60 MiB, below Triton's limit on REST of 64. A
   * server that takes less (MLServer's gRPC 4 MiB) is found out by its refusal.
   */
  readonly maxBytes?: number | undefined
  /** Milliseconds a request may take. Default 120,000. */
  readonly timeout?: number | undefined
  /** How often what failed for a while is tried again, beside trying each server of a pool once. Default 3. */
  readonly retries?: number | undefined
  /** What the server calls the towers, where it is not `ict_vision`, `ict_text`, `hp_vision`. */
  readonly names?: Readonly<Partial<Record<RemoteTower | (string & {}), string>>> | undefined
}

export interface CheckedOptions {
  readonly servers: readonly ServerUrl[]
  readonly protocol: RemoteProtocol
  readonly maxBytes: number
  readonly timeout: number
  readonly retries: number
  readonly names: Readonly<Partial<Record<string, string>>>
}

/** Throws `InputError` `input_invalid_option`. */
export function checkRemoteOptions(options: RemoteOptions): CheckedOptions {
  const { url, headers, protocol = 'auto', names = {} } = options ?? {}
  const urls = Array.isArray(url) ? (url as readonly unknown[]) : [url]
  if (urls.length === 0 || url === undefined) throw invalid('url', url, 'name at least one server')
  if (!PROTOCOLS.includes(protocol)) throw invalid('protocol', protocol, `use ${PROTOCOLS.join(', ')}`)
  checkTexts('headers', headers, isHeader)
  checkTexts('names', names, ([, name]) => name !== '')
  const { maxBytes = 60 << 20, timeout = 120_000, retries = 3 } = options
  const whole = (name: string, value: number, least: number): number => {
    if (Number.isSafeInteger(value) && value >= least) return value
    throw invalid(name, value, `it is a whole number from ${least}`)
  }
  const servers = new Map(
    Array.from(urls, (each) => parseServerUrl(each, headers)).map((server) => [server.url, server]),
  )
  return {
    servers: [...servers.values()],
    protocol,
    maxBytes: whole('maxBytes', maxBytes, 1),
    // What timers can hold.
    timeout: Math.min(whole('timeout', timeout, 1), 2 ** 31 - 1),
    retries: whole('retries', retries, 0),
    names,
  }
}

type Text = readonly [name: string, text: string]

/** What HTTP and gRPC both take; else it would be told as a server that does not answer. */
const isHeader = ([name, value]: Text): boolean => /^[\w.-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value)

function checkTexts(option: string, texts: unknown, fits: (text: Text) => boolean): void {
  if (texts === undefined) return
  if (typeof texts !== 'object' || texts === null) throw invalid(option, texts, 'it is an object of texts')
  for (const [name, text] of Object.entries(texts as Readonly<Record<string, unknown>>)) {
    if (text === undefined || (typeof text === 'string' && fits([name, text]))) continue
    // Not its value, which may be a token.
    throw new InputError('input_invalid_option', `${option}[${show(name)}] is no text that can be sent.`, {
      name,
    })
  }
}

function invalid(name: string, value: unknown, remedy: string): InputError {
  return new InputError('input_invalid_option', `${name} cannot be ${show(value)}: ${remedy}.`, {
    [name]: value,
  })
}
