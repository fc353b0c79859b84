import { lookup as lookUp, type LookupAddress } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { ImageError, InputError, show } from '../../base/errors.ts'
import { Deadline } from '../../base/waiting/deadline.ts'
import { Gate } from '../../base/waiting/gate.ts'
import type { FetchPicture } from '../http/take-pictures.ts'
import { isPublicAddress } from './public-address-node.ts'

export interface PictureFetcherOptions {
  /** `example.com`, `*.example.com` (what is below it), `*` (any), each with `:port` where it is not the usual one. */
  readonly hosts: readonly string[]
  /** Of one picture. Default 64 MiB. */
  readonly maxBytes?: number | undefined
  /** From the request to the last byte, over all redirects. Default 20. */
  readonly timeoutSeconds?: number | undefined
  /** Which addresses may be connected to. Default: those of the public network. */
  readonly isAllowed?: ((address: string) => boolean) | undefined
}

const REDIRECTS = 5
/** Pictures that are fetched at a time, for all requests. */
const AT_ONCE = 32

/**
 * Fetches pictures from given hosts, never from addresses that are not public: what a name leads to is looked at when it is
 * connected to, on every redirect. Throws `InputError` `input_invalid_option` for hosts that are none.
 */
export function pictureFetcher(options: PictureFetcherOptions): FetchPicture {
  const { maxBytes = 64 << 20, timeoutSeconds = 20, isAllowed = isPublicAddress } = options
  const hosts = options.hosts.map(parseHost)
  const gate = new Gate(AT_ONCE)
  return async (address, signal) => {
    const leave = await gate.enter(1, signal)
    const deadline = new Deadline(1000 * timeoutSeconds, signal)
    try {
      return await follow(address, { hosts, maxBytes, isAllowed, signal: deadline.signal })
    } catch (cause) {
      signal.throwIfAborted()
      if (cause instanceof ImageError) throw cause
      const why = deadline.signal.aborted ? `it was not there within ${timeoutSeconds} s` : reason(cause)
      throw unreadable(`The picture cannot be fetched: ${why}.`, { cause })
    } finally {
      deadline.end()
      leave()
    }
  }
}

interface HostRule {
  readonly name: string
  readonly port: string | undefined
}

interface Rules {
  readonly hosts: readonly HostRule[]
  readonly maxBytes: number
  readonly isAllowed: (address: string) => boolean
  readonly signal: AbortSignal
}

function parseHost(text: string): HostRule {
  const [, name, port] =
    /^((?:\*|(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?))(?::(\d{1,5}))?$/i.exec(text) ?? []
  if (name !== undefined) return { name: name.toLowerCase(), port }
  throw new InputError(
    'input_invalid_option',
    `${show(text)} is not a host. Give names such as example.com, *.example.com, or * for any.`,
    { host: text },
  )
}

async function follow(first: string, rules: Rules): Promise<Uint8Array> {
  let url = parseUrl(first)
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    check(url, rules)
    const response = await ask(url, rules)
    const { statusCode = 0, headers } = response
    if (statusCode === 200) return await read(response, rules.maxBytes)
    response.destroy()
    if (![301, 302, 303, 307, 308].includes(statusCode) || !headers.location) throw refusal(statusCode)
    url = parseUrl(headers.location, url)
  }
  throw unreadable(`The address leads on more than ${REDIRECTS} times.`)
}

function parseUrl(text: string, base?: URL): URL {
  try {
    return new URL(text, base)
  } catch (cause) {
    throw unreadable(`${show(text)} is not an address.`, { cause })
  }
}

/** By name, and by number where the name is one; what a name leads to is seen when it is looked up. */
function check(url: URL, { hosts, isAllowed }: Rules): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw unreadable(`Addresses of ${url.protocol} are not fetched.`)
  if (url.username !== '' || url.password !== '')
    throw unreadable('Addresses with a name and a password in them are not fetched.')
  const name = url.hostname.replace(/\.$/, '').toLowerCase()
  const fits = ({ name: rule, port }: HostRule): boolean => {
    if (url.port !== '' && url.port !== port) return false
    if (url.port === '' && port !== undefined && port !== (url.protocol === 'http:' ? '80' : '443'))
      return false
    return rule === '*' || rule === name || (rule.startsWith('*.') && name.endsWith(rule.slice(1)))
  }
  if (!hosts.some(fits))
    throw unreadable(`This server fetches nothing from ${url.host}. It was started with other --url-hosts.`)
  const literal = name.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && !isAllowed(literal)) throw notPublic(url.host)
}

function ask(url: URL, { isAllowed, signal }: Rules): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request: ClientRequest = (url.protocol === 'https:' ? requestHttps : requestHttp)(
      url,
      {
        // A connection of its own: one that is kept could lead to what was let pass at another time.
        agent: false,
        lookup: lookupAllowed(isAllowed),
        headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'icthp' },
        signal,
      },
      resolve,
    )
    request.once('error', reject)
    request.once('socket', (socket) => {
      socket.once('connect', () => {
        const { remoteAddress = '' } = socket
        if (!isAllowed(remoteAddress)) request.destroy(notPublic(url.host))
      })
    })
    request.end()
  })
}

/** Gives of a name's addresses those that may be connected to. */
function lookupAllowed(isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookUp(hostname, { all: true, verbatim: true }, (error, found: LookupAddress[] = []) => {
      if (error) return callback(error, '')
      const allowed = found.filter(({ address }) => isAllowed(address))
      if (allowed.length === 0) return callback(notPublic(hostname), '')
      if (options.all) return callback(null, allowed)
      callback(null, allowed[0]!.address, allowed[0]!.family)
    })
  }
}

async function read(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) {
    response.destroy()
    throw tooLarge(maxBytes)
  }
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    total += chunk.length
    if (total > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const unreadable = (message: string, details: Record<string, unknown> = {}): ImageError =>
  new ImageError('image_unreadable', `${message} Send its bytes instead.`, details)

const notPublic = (host: string): ImageError =>
  unreadable(`${host} leads to an address that is not public, and those are never fetched.`)

const refusal = (status: number): ImageError =>
  status === 404 || status === 410
    ? new ImageError('image_not_found', `The address has no picture (${status}).`, { status })
    : unreadable(`The address answered ${status}.`, { status })

const tooLarge = (maxBytes: number): ImageError =>
  new ImageError('image_too_large', `The picture has more than ${maxBytes} bytes.`, { maxBytes })

/** Its code, since messages of the system name addresses. */
const reason = (error: unknown): string => (error as { code?: string }).code ?? 'the connection failed'
