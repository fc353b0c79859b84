import { expect, test } from 'vitest'
import { retryAfter, retryDelay } from '../../../src/hub/http/retry.ts'
import {
  folderFileUrl,
  readFileHeaders,
  resolveUrl,
  responseError,
  revisionUrl,
} from '../../../src/hub/huggingface/hub-protocol.ts'

const sha1 = 'ab'.repeat(20)
const sha256 = 'cd'.repeat(32)

test('addresses', () => {
  const url = resolveUrl('https://h', '8y/ICT', 'refs/pr/1', 'a b/ü.bin')
  expect(url).toBe('https://h/8y/ICT/resolve/refs%2Fpr%2F1/a%20b/%C3%BC.bin')
  expect(revisionUrl('https://h', '8y/ICT', 'main')).toBe('https://h/api/models/8y/ICT/revision/main')
  expect(folderFileUrl('https://h/m/?sig=1', 'onnx/a#b.onnx')).toBe('https://h/m/onnx/a%23b.onnx?sig=1')
})

test('a redirect to an LFS file tells sha256 and size, never its own length', () => {
  const linked = { 'x-linked-etag': `"${sha256}"`, 'x-linked-size': '7' }
  const headers = new Headers({ 'x-repo-commit': sha1, ...linked, 'content-length': '99', etag: '"x"' })
  const digest = { algorithm: 'sha256', value: sha256 }
  expect(readFileHeaders(headers, true)).toEqual({ commit: sha1, etag: sha256, size: 7, digest })
  expect(readFileHeaders(new Headers({ etag: '"x"', 'content-length': '99' }), true)).toBeUndefined()
})

test('a small file has its git object id', () => {
  const file = readFileHeaders(new Headers({ etag: `W/"${sha1}"`, 'content-length': '12' }), false)
  expect(file).toEqual({ etag: sha1, size: 12, digest: { algorithm: 'git-sha1', value: sha1 } })
  // Compressed on its way, the length is another, and the id cannot be checked without it.
  const compressed = new Headers({ etag: sha1, 'content-length': '9', 'content-encoding': 'gzip' })
  expect(readFileHeaders(compressed, false)).toEqual({ etag: sha1 })
})

test.each(['../../x', 'a/b', '', '.x', 'a\\b', 'x'.repeat(200)])(
  'the etag %j becomes no file name',
  (etag) => {
    expect(readFileHeaders(new Headers({ etag: `"${etag}"` }), false)).toBeUndefined()
  },
)

const name = { repository: 'a/b', revision: 'main', path: 'f', url: 'https://h/a/b/resolve/main/f' }

test.each([
  [401, 'RepoNotFound', false, 'download_unauthorized', 'does not exist, or is private'],
  [401, undefined, true, 'download_unauthorized', 'The token that was sent does not open it'],
  [
    403,
    'GatedRepo',
    false,
    'download_unauthorized',
    'Accept its licence at https://h/a/b, then set HF_TOKEN',
  ],
  [404, 'RepoNotFound', true, 'download_not_found', 'There is no repository a/b'],
  [404, 'RevisionNotFound', false, 'download_not_found', 'has no revision main'],
  [404, 'EntryNotFound', false, 'download_not_found', 'There is no f in the repository a/b at main'],
  [404, undefined, false, 'download_not_found', 'There is no f'],
  [503, undefined, false, 'download_failed', 'answered 503 for f. Try again later'],
  [418, undefined, false, 'download_failed', 'Check the address'],
] as const)('%i %s', (status, errorCode, token, code, text) => {
  const error = responseError(
    status,
    new Headers(errorCode === undefined ? {} : { 'x-error-code': errorCode }),
    name,
    token,
  )
  expect(error.code).toBe(code)
  expect(error.message).toContain(text)
  expect(error.details).toMatchObject({ status, ...name })
})

test('waits twice as long each time, as long as the server asks, and never too long', () => {
  const policy = { attempts: 5, delay: 1000, maxDelay: 60_000 }
  expect([1, 2, 3, 4].map((failures) => retryDelay(policy, failures))).toEqual([1000, 2000, 4000, 8000])
  expect(retryDelay(policy, 20)).toBe(60_000)
  expect(retryDelay(policy, 1, 7)).toBe(7000)
  // Longer than a backoff may be: the server knows better. Longer than is worth waiting: told at once.
  expect(retryDelay(policy, 1, 300)).toBe(300_000)
  expect(retryDelay(policy, 1, 301)).toBeUndefined()
})

test('what a server asks for: seconds, a date, what is left of a window', () => {
  const asked = (headers: Record<string, string>) => retryAfter(new Headers(headers))
  expect(asked({ 'retry-after': '7' })).toBe(7)
  expect(asked({ 'retry-after': 'nonsense' })).toBeUndefined()
  expect(asked({ 'retry-after': new Date(Date.now() + 20_000).toUTCString() })).toBeGreaterThan(18)
  expect(asked({ 'retry-after': new Date(0).toUTCString() })).toBe(0)
  expect(asked({ ratelimit: '"api";r=0;t=55' })).toBe(55)
  expect(asked({ ratelimit: '"api";r=12;t=55' })).toBeUndefined()
  expect(asked({})).toBeUndefined()
})
