import { userHeader } from '../../base/address-user.ts'
import { InputError, show } from '../../base/errors.ts'
import type { ServerAddress } from './transport.ts'

/** A server's address, taken apart. */
export interface ServerUrl extends ServerAddress {
  /** A name or an address, as gRPC wants it: IPv6 in brackets. */
  readonly host: string
  readonly port: number
  readonly secure: boolean
  /** Written `grpc://` or `grpcs://`. */
  readonly isGrpc: boolean
  /** Where the protocol lies below a gateway; else ''. */
  readonly path: string
}

const PORTS: Readonly<Record<string, number | undefined>> = {
  'http:': 80,
  'https:': 443,
  'grpc:': undefined,
  'grpcs:': 443,
}

/**
 * Reads `http://host:8000`, `https://host/gateway`, `grpc://host:8001` and `grpcs://host`; `host:8000` is http. A user and
 * password in it become a header. Throws `InputError` `input_invalid_option`.
 */
export function parseServerUrl(given: unknown, headers: Readonly<Record<string, string>> = {}): ServerUrl {
  const text = given instanceof URL ? given.href : given
  if (typeof text !== 'string') throw noAddress(given)
  const url = readUrl(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  const port = url && (Number(url.port) || PORTS[url.protocol])
  if (!url || !(url.protocol in PORTS) || url.hostname === '' || !port) {
    throw noAddress(given)
  }
  const path = pathOf(url)
  const isGrpc = url.protocol.startsWith('grpc')
  return {
    url: `${url.protocol}//${url.host}${path}`,
    headers: { ...userHeader(url), ...lowerCased(headers) },
    host: url.hostname,
    port,
    secure: url.protocol === 'https:' || url.protocol === 'grpcs:',
    isGrpc,
    path,
  }
}

function noAddress(given: unknown): InputError {
  return new InputError(
    'input_invalid_option',
    `${show(given)} is no address of a server. Write http://host:8000, or grpc://host:8001.`,
    { url: show(given) },
  )
}

/** Without a slash at its end, nor the `/v2` that belongs to the protocol. */
function pathOf({ pathname }: URL): string {
  const names = pathname.split('/').filter((name) => name !== '')
  if (names.at(-1) === 'v2') names.pop()
  return names.map((name) => `/${name}`).join('')
}

const readUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined)

/** As gRPC wants them, and so that one given twice is there once. */
const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      // As where none is given: an option of the caller's own that is not set.
      .filter(([, value]) => (value as string | undefined) !== undefined)
      .map(([name, value]) => [name.toLowerCase(), value]),
  )
