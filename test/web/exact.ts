import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNodeDecoder, HpScorer, type IcthpError, IctScorer, preprocess } from '../../src/node.ts'
import { sha256 } from '../sha256.ts'
import { tinyModel } from '../tiny-model.ts'
import type { Page } from './browser/page.ts'
import type { StaticServer } from './browser/server.ts'
import type { Seen } from './page/images.ts'
import type { Scored } from './page/scores.ts'
import { goldenFolder, startRoom } from './room.ts'

const fixtures = fileURLToPath(new URL('../fixtures/images/', import.meta.url))
const examples = fileURLToPath(new URL('../../examples/images/', import.meta.url))
export const PROMPTS: readonly string[] = [
  'two red apples on a table',
  'a dragon in a teacup, watercolour',
  '',
]
export const IMAGES: readonly string[] = ['red-apple.jpg', 'dragon-in-teacup.jpg', 'sunset-beach.jpg']

/** One suite for every browser: the same pixels, tokens and scores as in Node, on the CPU. */
export function exactnessSuite(name: string, openPage: () => Promise<Page>): void {
  describe(name, () => {
    let page: Page
    let server: StaticServer
    beforeAll(async () => {
      ;[page, server] = await Promise.all([openPage(), startRoom()])
      await page.open(server.url)
    })
    afterAll(() => Promise.all([page?.close(), server?.close()]))

    test.each([
      ['fixtures', fixtures],
      ['golden', `${goldenFolder}images/`],
    ])("pixels of all %s are Node's", async (folder, path) => {
      if (!existsSync(path)) return
      const files = readdirSync(path).filter((file) => /\.(jpe?g|png|gif|bmp|tiff?|webp|avif)$/.test(file))
      const seen = await page.call(
        'decodeFiles',
        files.map((file) => `/${folder}/${file}`),
        true,
      )
      const wanted: Record<string, unknown> = {}
      const got: Record<string, unknown> = {}
      for (const file of files) {
        wanted[file] = await decodeInNode(path + file)
        const { message: _, ...rest } = seen[`/${folder}/${file}`]!
        got[file] = rest
      }
      expect(got).toEqual(wanted)
    })

    test.skipIf(!existsSync(goldenFolder))('token ids of all golden texts', async () => {
      const lines = gunzipSync(readFileSync(`${goldenFolder}text.jsonl.gz`))
        .toString()
        .trim()
        .split('\n')
      const texts = lines.map((line) => JSON.parse(line) as { text: string; ids: number[] })
      for (let at = 0; at < texts.length; at += 4000) {
        const some = texts.slice(at, at + 4000)
        const ids = await page.call(
          'tokenize',
          some.map(({ text }) => text),
        )
        expect(ids).toEqual(some.map(({ ids }) => ids))
      }
    })

    test('scores on one thread and on several', async () => {
      const wanted = await scoreInNode(await tinyModel())
      const request = {
        model: '/model/',
        device: 'wasm',
        images: IMAGES.map((image) => `/examples/${image}`),
        prompts: PROMPTS,
      } as const
      for (const threads of [1, 2])
        expectClose(await page.call('score', { ...request, threads }), wanted, 2e-5)
      const here = await page.call('score', { ...request, worker: false })
      expectClose(here, wanted, 2e-5)
      expect(here.infos[0]).toMatchObject({
        device: 'wasm',
        dtype: 'fp32',
        decoder: 'wasm',
        backend: expect.stringContaining('onnxruntime-web 1.') as string,
        notes: [],
      })
    })

    test('scores on a page that is not isolated, with a note', async () => {
      await page.open(`${server.url}?isolated=0`)
      const request = {
        model: '/model/',
        device: 'wasm',
        images: IMAGES.slice(0, 1).map((image) => `/examples/${image}`),
        prompts: PROMPTS.slice(0, 1),
      } as const
      const { infos } = await page.call('score', request)
      expect(infos[0]!.notes.join()).toContain('one thread')
      await page.open(server.url)
    })

    test('every kind of input gives the same picture', async () => {
      const answers = await page.call('everyInput', '/fixtures/png-2-8.png')
      const wanted = (await decodeInNode(`${fixtures}png-2-8.png`)).sha256
      for (const [kind, { sha256, message }] of Object.entries(answers))
        expect({ kind, sha256, message }).toEqual({ kind, sha256: wanted, message: undefined })
    })
  })
}

const decoder = createNodeDecoder({ threads: 0 })
const decoded = new Map<string, Promise<Seen>>()

/** Once for all browsers. */
function decodeInNode(path: string): Promise<Seen> {
  const known = decoded.get(path) ?? decode(path)
  decoded.set(path, known)
  return known
}

async function decode(path: string): Promise<Seen> {
  try {
    const values = await preprocess(path, { decoder })
    const { data, width, height } = await decoder.decode(path)
    return { sha256: sha256(values.data), rgbSha256: sha256(data), size: [width, height] }
  } catch (error) {
    return { code: (error as IcthpError).code }
  }
}

export async function scoreInNode(folder: string, names: readonly string[] = IMAGES): Promise<Scored> {
  await using ict = await IctScorer.fromPretrained(folder, { device: 'cpu' })
  await using hp = await HpScorer.fromPretrained(folder, { device: 'cpu' })
  const images = names.map((image) => examples + image)
  return { ict: await ict.matrix(images, PROMPTS), hp: await hp.score(images), infos: [ict.info, hp.info] }
}

export function expectClose(got: Scored, wanted: Scored, tolerance: number): void {
  const worst = (a: readonly number[], b: readonly number[]): number =>
    Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))
  expect(got.ict.flat()).toHaveLength(wanted.ict.flat().length)
  expect(worst(got.ict.flat(), wanted.ict.flat())).toBeLessThanOrEqual(tolerance)
  expect(worst(got.hp, wanted.hp)).toBeLessThanOrEqual(tolerance)
}
