import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { MiddlewareHandler } from 'hono'
import { decodeBase64 } from '../../base/bytes/decode-base64.ts'
import { InputError, RequestError } from '../../base/errors.ts'

/** What probes and people may see without a token: whether it lives, the page, and how to ask. */
const OPEN = /^\/(?:$|openapi\.json$|(?:[a-z0-9]+\/)?health(?:\/ready)?$|v2\/health\/(?:live|ready)$)/

const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/

/**
 * Lets pass who has one of the tokens. Throws `InputError` `input_invalid_option` for tokens that are none, and then
 * `RequestError` `request_unauthorized`.
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
  const digests = checked(tokens).map((token) => sha256(utf8ToBytes(token)))
  return (authorization) => {
    const given = givenToken(authorization)
    return given !== undefined && isOneOf(digests, given)
  }
}

/** What no client can send would lock all out; an empty one, as of a variable that is not set, would lock nobody out. */
function checked(tokens: unknown): readonly string[] {
  const fits = (token: unknown): boolean =>
    typeof token === 'string' && token !== '' && token.trim() === token && !CONTROLS.test(token)
  if (Array.isArray(tokens) && tokens.length > 0 && Array.from<unknown>(tokens).every(fits))
    return tokens as readonly string[]
  throw new InputError(
    'input_invalid_option',
    'tokens is a list of texts without line ends, and without spaces around them. Leave it out to let anybody ask.',
  )
}

function givenToken(header = ''): string | undefined {
  const [, scheme = '', value = ''] = /^(\w+)\s+(\S.*)$/.exec(header.trim()) ?? []
  if (scheme.toLowerCase() === 'bearer') return utf8Of(value)
  if (scheme.toLowerCase() !== 'basic') return undefined
  const text = new TextDecoder().decode(decodeBase64(value) ?? new Uint8Array())
  return text.slice(text.indexOf(':') + 1)
}

/** Headers come as Latin-1, whatever their bytes are: curl's are UTF-8, those of Python's requests Latin-1. */
function utf8Of(header: string): string {
  const bytes = Uint8Array.from(header, (character) => character.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return header
  }
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
