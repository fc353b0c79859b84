import { expect, test } from 'vitest'
import { cliRoom, type CliRun } from './cli-room.ts'

const room = cliRoom()

/** Runs `icthp serve` until `work` with its address is done, then stops it. */
async function serving(
  args: readonly string[],
  work: (url: string) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<CliRun> {
  const stop = new AbortController()
  let said = ''
  let worked: Promise<void> | undefined
  const ended = await room.run(['serve', '--port', '0', ...args], {
    env,
    signal: stop.signal,
    onWrite: (_, text) => {
      said += text
      const [, url] = /listening on (http:\S+?)(?:,|\n)/.exec(said) ?? []
      if (url && !worked) worked = work(url).finally(() => stop.abort())
    },
  })
  await worked
  return ended
}

test('serves until it is stopped, frees what it loaded, and ends with 0', async () => {
  const { code, stderr, stdout } = await serving([], async (url) => {
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] }
    expect(data.map(({ id }) => id)).toEqual(['ict', 'hp', 'icthp'])
  })
  expect([code, stdout]).toEqual([0, ''])
  expect(stderr).toMatch(/note: listening on http:\/\/127\.0\.0\.1:\d+\n/)
  expect(room.log.slice(-2)).toEqual(['dispose decoder', 'dispose backend'])
})

test('--only, --combine and --weights say what is served', async () => {
  await serving(['--only', 'hp'], async (url) => {
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok', rewards: { hp: ['hp'] } })
  })
  await serving(['--weights', 'ict=1,hp=2'], async (url) => {
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: unknown[] }
    expect(data[2]).toMatchObject({ combine: 'weighted', weights: { ict: 1, hp: 2 } })
  })
})

test('--access-log writes a line of JSON a request, without its query', async () => {
  const { stdout } = await serving(['--access-log'], async (url) => {
    await (await fetch(`${url}/health?token=secret`)).text()
  })
  expect(JSON.parse(stdout)).toMatchObject({
    method: 'GET',
    path: '/health',
    status: 200,
    client: '127.0.0.1',
  })
  expect(stdout).not.toContain('secret')
})

test('another address wants a token, or a word that it needs none', async () => {
  const refused = await room.run(['serve', '--host', '0.0.0.0', '--port', '0'])
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('Set ICTHP_TOKEN')
  expect(room.log).toEqual([])
  for (const [args, env] of [
    [['--token', 'sesame'], {}],
    [[], { ICTHP_TOKEN: 'sesame' }],
  ] as const) {
    const { code } = await serving(
      ['--host', '0.0.0.0', ...args],
      async (url) => {
        const models = `${url.replace('0.0.0.0', '127.0.0.1')}/v1/models`
        expect((await fetch(models)).status).toBe(401)
        expect((await fetch(models, { headers: { authorization: 'Bearer sesame' } })).status).toBe(200)
      },
      env,
    )
    expect(code).toBe(0)
  }
  await serving(['--host', '0.0.0.0', '--no-auth'], async (url) => {
    expect((await fetch(`${url.replace('0.0.0.0', '127.0.0.1')}/v1/models`)).status).toBe(200)
  })
})

test.each([
  [['--token', 'a', '--no-auth'], 'exclude each other'],
  [['--token', ''], 'The token is empty'],
  [['--allow-urls'], '--allow-urls needs --url-hosts'],
  [['--url-hosts', 'example.com'], '--url-hosts is for --allow-urls'],
  [['--allow-urls', '--url-hosts', 'http://a'], 'is not a host'],
  [['--port', '70000'], 'from 0 to 65535'],
  [['--max-body', 'much'], 'a size such as 128MiB'],
  [['--max-queue', '0'], 'a whole number from 1'],
  [['--only', 'hp', '--combine', 'product'], 'leave out --only hp'],
])('%j is wrong usage', async (args, message) => {
  const { code, stderr } = await room.run(['serve', '--port', '0', ...args])
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})
