import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { pictureFetcher, type PictureFetcherOptions } from '../../src/server/node/fetch-picture-node.ts'
import { isPublicAddress } from '../../src/server/node/public-address-node.ts'

const servers: Server[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close().closeAllConnections()))

async function host(listener: RequestListener): Promise<number> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const never = new AbortController().signal
/** Fetches with this machine let pass, unless said otherwise. */
const get = (address: string, options: Partial<PictureFetcherOptions> = {}): Promise<Uint8Array> =>
  pictureFetcher({ hosts: ['*'], isAllowed: () => true, ...options })(address, never)

const bytes = Buffer.from('a picture')

test('brings the bytes, over redirects', async () => {
  const port = await host(({ url }, response) => {
    if (url === '/a') response.writeHead(302, { location: '/b' }).end()
    else response.end(bytes)
  })
  expect(await get(`http://localhost:${port}/a`, { hosts: [`localhost:${port}`] })).toEqual(bytes)
})

test.each([
  ['127.0.0.1', 'a loopback address'],
  ['[::1]', 'a loopback address'],
  ['localhost', 'a name that leads to one'],
  ['10.0.0.1', 'a private address'],
  ['169.254.169.254', 'where clouds keep their keys'],
  ['[::ffff:10.0.0.1]', 'IPv4 in IPv6'],
  ['[fe80::1]', 'a link-local address'],
  ['2130706433', '127.0.0.1 as one number'],
  ['0x7f.1', '127.0.0.1 in a short form'],
])('%s is never fetched: %s', async (name) => {
  const asked = pictureFetcher({ hosts: ['*', '*:8000'] })(`http://${name}:8000/`, never)
  await expect(asked).rejects.toMatchObject({
    code: 'image_unreadable',
    message: expect.stringContaining('not public') as unknown,
  })
})

test('a redirect to an address that is not allowed is not followed', async () => {
  let reached = 0
  const inner = await host((_, response) => {
    reached++
    response.end(bytes)
  })
  const outer = await host((_, response) => {
    response.writeHead(302, { location: `http://127.0.0.2:${inner}/` }).end()
  })
  const options = {
    hosts: [`127.0.0.1:${outer}`, `*:${inner}`],
    isAllowed: (address: string) => address === '127.0.0.1',
  }
  await expect(get(`http://127.0.0.1:${outer}/`, options)).rejects.toThrow('not public')
  expect(reached).toBe(0)
})

test('a redirect to another host than those that were named is not followed', async () => {
  const port = await host((_, response) => response.writeHead(302, { location: 'http://example.com/' }).end())
  await expect(get(`http://localhost:${port}/`, { hosts: [`localhost:${port}`] })).rejects.toThrow(
    'fetches nothing from example.com',
  )
})

test.each([
  ['http://example.com/', ['example.org']],
  ['http://notexample.com/', ['*.example.com']],
  ['http://example.com/', ['*.example.com']],
  ['http://example.com:8080/', ['example.com']],
  ['http://example.com:8080/', ['*']],
  ['https://example.com/', ['example.com:80']],
  ['http://example.com.evil.test/', ['example.com']],
  ['http://example.com@evil.test/', ['evil.test']],
  ['file:///etc/passwd', ['*']],
  ['ftp://example.com/', ['*']],
])('%s is not fetched with hosts %j', async (address, hosts) => {
  await expect(pictureFetcher({ hosts })(address, never)).rejects.toMatchObject({ code: 'image_unreadable' })
})

test('what answers otherwise is told', async () => {
  const port = await host(({ url }, response) => {
    if (url === '/gone') response.writeHead(404).end()
    if (url === '/loop') response.writeHead(302, { location: '/loop' }).end()
    if (url === '/error') response.writeHead(500).end()
    if (url === '/large') response.end(Buffer.alloc(2000))
    if (url === '/said') response.writeHead(200, { 'content-length': 5000 }).write('x')
    if (url === '/endless') response.write('x')
    if (url === '/cut') response.writeHead(200, { 'content-length': 5 }).write('x', () => response.destroy())
  })
  const options = { hosts: [`localhost:${port}`], maxBytes: 1000, timeoutSeconds: 0.3 }
  const said: [string, string][] = [
    ['/gone', 'no picture (404)'],
    ['/loop', 'more than 5 times'],
    ['/error', 'answered 500'],
    ['/large', 'more than 1000 bytes'],
    ['/said', 'more than 1000 bytes'],
    ['/endless', 'within 0.3 s'],
    ['/cut', 'cannot be fetched'],
  ]
  for (const [path, message] of said)
    await expect(get(`http://localhost:${port}${path}`, options), path).rejects.toThrow(message)
})

test('a client that goes away ends it', async () => {
  const port = await host(() => {})
  const gone = new AbortController()
  const asked = pictureFetcher({ hosts: [`*:${port}`], isAllowed: () => true })(
    `http://localhost:${port}/`,
    gone.signal,
  )
  gone.abort(new Error('hung up'))
  await expect(asked).rejects.toThrow('hung up')
})

test.each(['', 'http://example.com', 'a b', '*.', 'example.com:port', '*evil.com'])(
  '%j is no host',
  (text) => {
    expect(() => pictureFetcher({ hosts: [text] })).toThrow('is not a host')
  },
)

test('public are the addresses of the public network', () => {
  const yes = [
    '1.1.1.1',
    '172.15.0.1',
    '172.32.0.1',
    '192.0.1.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450::1',
  ]
  const no = [
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.255.0.1', '169.254.1.1', '172.16.0.1', '172.31.255.255'],
    ...[
      '192.168.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '::ffff:1.1.1.1',
      'fc00::1',
    ],
    ...[
      'fd12::1',
      'fe80::1',
      'fe80::1%eth0',
      'ff02::1',
      '2001::1',
      '2001:db8::1',
      '2002:7f00:1::',
      '64:ff9b::7f00:1',
    ],
    ...['', 'example.com', '127.1'],
  ]
  expect(yes.filter((address) => !isPublicAddress(address))).toEqual([])
  expect(no.filter(isPublicAddress)).toEqual([])
})
