import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { nodeServices } from '../../src/cli/services.ts'
import { endServers, startForeign } from '../backend/remote/server-process.ts'
import { cliRoom } from './cli-room.ts'

afterAll(endServers)
const room = cliRoom()
const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const IMAGES = ['red-apple.jpg', 'teacup.jpg'].map((name) => at(`examples/images/${name}`))
const MODEL = ['--model', at('models/demo')]

test('score and rank have their towers run at servers, and answer the same', async () => {
  room.services = { ...nodeServices, backend: () => nodeServices.backend() }
  const run = async (...args: string[]): Promise<{ results: unknown; device: string }> => {
    const env = { ICTHP_BACKEND_TOKEN: 'secret' }
    const { code, stdout, stderr } = await room.run(
      [...args, ...MODEL, '--json', '-q', '--batch-size', '2'],
      { env },
    )
    expect([code, stderr]).toEqual([0, ''])
    return JSON.parse(stdout) as { results: unknown; device: string }
  }
  const [one, other] = await Promise.all([
    startForeign('triton', { token: 'Bearer secret' }),
    startForeign('kserve', { token: 'Bearer secret', grpc: false }),
  ])
  for (const command of ['score', 'rank']) {
    const local = await run(command, ...IMAGES, '-p', 'a red apple', '--device', 'cpu')
    // A backend that runs here must not be made.
    room.services.backend = () => Promise.reject(new Error('no'))
    const remote = await run(command, ...IMAGES, '-p', 'a red apple', '--backend', `${one.url},${other.url}`)
    room.services.backend = nodeServices.backend
    expect(remote.results).toEqual(local.results)
    expect([local.device, remote.device]).toEqual(['cpu', 'remote'])
  }
  for (const { seen } of [one, other]) expect((await seen()).rows.length).toBeGreaterThan(2)
  await Promise.all([one.end(), other.end()])
})

test('verify measures a server beside the precision of the folder, and records nothing', async () => {
  room.services = nodeServices
  const manifest = readFileSync(at('models/demo/hp/icthp.json'), 'utf8')
  const server = await startForeign('ovms')
  const args = [
    'verify',
    ...IMAGES,
    '-p',
    'a red apple',
    '-p',
    'a cup',
    ...MODEL,
    '--against',
    'q8',
    '--json',
    '-q',
  ]
  const { code, stdout, stderr } = await room.run([...args, '--backend', server.url, '--batch-size', '2'])
  expect([code, stderr]).toEqual([0, ''])
  const { precisions, recorded } = JSON.parse(stdout) as {
    precisions: Record<string, unknown>[]
    recorded: []
  }
  expect(precisions).toEqual([expect.objectContaining({ dtype: 'q8' })])
  expect(JSON.stringify(precisions)).toContain('"device":"remote"')
  expect(JSON.stringify(precisions)).toContain('"max":0')
  expect(recorded).toEqual([])
  expect(readFileSync(at('models/demo/hp/icthp.json'), 'utf8')).toBe(manifest)
  await server.end()
})

test('an address that is none, and a server that is away, are told', async () => {
  room.services = nodeServices
  const wrong = await room.run(['score', ...IMAGES, ...MODEL, '--only', 'hp', '--backend', 'ftp://x'])
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('no address of a server') as string])
  const away = await room.run([
    'score',
    ...IMAGES,
    ...MODEL,
    '--only',
    'hp',
    '-q',
    '--backend',
    'http://127.0.0.1:9',
  ])
  expect([away.code, away.stderr]).toEqual([1, expect.stringContaining('(backend_unreachable)') as string])
})
