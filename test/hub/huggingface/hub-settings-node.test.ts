import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hubSettings } from '../../../src/hub/huggingface/hub-settings-node.ts'
import { hubRoom } from '../hub-room.ts'

const room = hubRoom()

test.each([
  [{}, join(homedir(), '.cache/huggingface/hub')],
  [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
  [{ XDG_CACHE_HOME: '/x', HF_HOME: '/h' }, '/h/hub'],
  [{ HF_HOME: '~/h' }, join(homedir(), 'h/hub')],
  [{ HF_HOME: '$ROOT/${PART}/h', ROOT: '/r', PART: 'p' }, '/r/p/h/hub'],
  [{ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  [{ HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/c' }, '/c'],
  [{ HF_HUB_CACHE: '' }, join(homedir(), '.cache/huggingface/hub')],
])('the cache for %j is %s', (env, cacheDir) => {
  expect(hubSettings({}, env).cacheDir).toBe(cacheDir)
  expect(hubSettings({ cacheDir: '/mine' }, env).cacheDir).toBe('/mine')
})

test('models from URLs have a cache of their own', () => {
  expect(hubSettings({}, {}).urlCacheDir).toBe(join(homedir(), '.cache/icthp'))
  expect(hubSettings({}, { XDG_CACHE_HOME: '/x' }).urlCacheDir).toBe('/x/icthp')
  expect(hubSettings({}, { XDG_CACHE_HOME: '/x', ICTHP_CACHE: '/i' }).urlCacheDir).toBe('/i')
})

test.each(['huggingface.co', 'nonsense', 'ftp://mirror', 'http://'])(
  'HF_ENDPOINT=%s is no address',
  (endpoint) => {
    expect(() => hubSettings({}, { HF_ENDPOINT: endpoint })).toThrow(
      expect.objectContaining({
        code: 'input_invalid_option',
        message: expect.stringContaining('HF_ENDPOINT'),
      }),
    )
  },
)

test('the endpoint', () => {
  expect(hubSettings({}, {}).endpoint).toBe('https://huggingface.co')
  expect(hubSettings({}, { HF_ENDPOINT: 'https://mirror.example/hf//' }).endpoint).toBe(
    'https://mirror.example/hf',
  )
})

test.each([
  [{ HF_HUB_OFFLINE: '1' }, true],
  [{ HF_HUB_OFFLINE: 'Yes' }, true],
  [{ TRANSFORMERS_OFFLINE: 'true' }, true],
  [{ HF_HUB_OFFLINE: '0' }, false],
  [{}, false],
])('%j is offline: %s', (env, offline) => expect(hubSettings({}, env).offline).toBe(offline))

test('the token: given, of the environment, of the file', async () => {
  const HF_HOME = join(room.folder, 'home')
  expect(hubSettings({}, { HF_HOME }).token).toBeUndefined()
  await mkdir(HF_HOME)
  await writeFile(join(HF_HOME, 'token'), ' hf_file\n')
  expect(hubSettings({}, { HF_HOME }).token).toBe('hf_file')
  expect(hubSettings({}, { HF_HOME, HUGGING_FACE_HUB_TOKEN: 'hf_old' }).token).toBe('hf_old')
  expect(hubSettings({}, { HF_HOME, HUGGING_FACE_HUB_TOKEN: 'hf_old', HF_TOKEN: 'hf_env\r\n' }).token).toBe(
    'hf_env',
  )
  expect(hubSettings({ token: 'hf_given' }, { HF_HOME, HF_TOKEN: 'hf_env' }).token).toBe('hf_given')
  expect(
    hubSettings({}, { HF_HOME, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1', HF_TOKEN: 'hf_env' }).token,
  ).toBeUndefined()
  await writeFile(join(room.folder, 'elsewhere'), 'hf_else')
  expect(hubSettings({}, { HF_HOME, HF_TOKEN_PATH: join(room.folder, 'elsewhere') }).token).toBe('hf_else')
})
