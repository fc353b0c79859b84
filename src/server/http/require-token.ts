import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { MiddlewareHandler } from 'hono'
import { decodeBase64 } from '../../base/decode-base64.ts'
import { RequestError } from '../../base/errors.ts'

/** What probes and people may see without a token: whether it lives, the page, and how to ask. */
const OPEN = /^\/(?:$|openapi\.json$|(?:[a-z0-9]+\/)?health(?:\/ready)?$|v2\/health\/(?:live|ready)$)/

/**
 * Lets pass who has one of the tokens. Throws `RequestError` `request_unauthorized`.
 */
export function requireToken(tokens: readonly string[]): MiddlewareHandler {
  const isKnown = tokenTest(tokens)
  return async (c, next) => {
    const given = c.req.header('authorization')
    if (!OPEN.test(c.req.path) && !isKnown(given))
      throw new RequestError(
        'request_unauthorized',
        given === undefined
          ? 'This server asks for a token: send `Authorization: Bearer TOKEN`.'
          : 'This is not the token of this server.',
      )
    await next()
  }
}

/**
 * Whether an `authorization` holds one of the tokens: as `Bearer TOKEN`, or as the password of an address
 * (`http://any:TOKEN@host/ict`), which is how clients that know no headers send it.
 */
export function tokenTest(tokens: readonly string[]): (authorization: string | undefined) => boolean {
  const digests = tokens.map((token) => sha256(utf8ToBytes(token)))
  return (authorization) => {
    const given = givenToken(authorization)
    return given !== undefined && isOneOf(digests, given)
  }
}

function givenToken(header = ''): string | undefined {
  const [, scheme = '', value = ''] = /^\s*(\w+)\s+(\S+)\s*$/.exec(header) ?? []
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const text = new TextDecoder().decode(decodeBase64(value) ?? new Uint8Array())
  return text.slice(text.indexOf(':') + 1)
}

/** In a time that depends on neither: digests of one length are compared to their ends, with every token. */
function isOneOf(digests: readonly Uint8Array[], given: string): boolean {
  const digest = sha256(utf8ToBytes(given))
  let found = 0
  for (const known of digests) {
    let differing = 0
    for (let i = 0; i < digest.length; i++) differing |= digest[i]! ^ known[i]!
    found |= Number(differing === 0)
  }
  return found === 1
}
