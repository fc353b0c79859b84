import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { nodeServices } from '../../src/cli/services.ts'
import { FakeHub } from '../hub/fake-hub.ts'
import { cliRoom } from './cli-room.ts'

const folder = new URL('../../../shared/golden/', import.meta.url)
const at = (path: string): string => fileURLToPath(new URL(path, folder))
const json = <T>(path: string): T => JSON.parse(readFileSync(at(path), 'utf8')) as T

interface Scores {
  readonly images: readonly string[]
  readonly prompts: readonly string[]
  readonly ict: readonly (readonly number[])[]
  readonly hp: readonly number[]
}

describe.skipIf(!existsSync(folder))("the reference's answers, from the command line", () => {
  const room = cliRoom()
  beforeEach(() => Object.assign(room.services, nodeServices))

  test('convert, then score: every score of the tiny checkpoint', async () => {
    const golden = json<Scores>('scores/tiny.json')
    const model = join(room.folder, 'model')
    const convert = [
      'convert',
      '--ict',
      at('tiny/ICT'),
      '--hp',
      at('tiny/HP'),
      '--base',
      at('tiny/base'),
      '--out',
      model,
      '--json',
    ]
    const converted = await room.run(convert)
    expect([converted.code, converted.stderr]).toEqual([0, ''])
    const images = golden.images.map((name) => at(`images/${name}`))
    const { code, stdout } = await room.run([
      'score',
      ...images,
      ...golden.prompts.flatMap((prompt) => ['--prompt', prompt]),
      '-m',
      model,
      '-d',
      'cpu',
      '--json',
    ])
    expect(code).toBe(0)
    const { results, prompts } = JSON.parse(stdout) as {
      results: { image: string; ict: number[]; hp: number }[]
      prompts: string[]
    }
    expect(prompts).toEqual(golden.prompts)
    expect(results.map(({ image }) => image)).toEqual(images)
    results.forEach(({ ict, hp }, i) => {
      ict.forEach((score, p) => expect(Math.abs(score - golden.ict[i]![p]!)).toBeLessThan(2e-5))
      expect(Math.abs(hp - golden.hp[i]!)).toBeLessThan(2e-5)
    })

    const rank = [
      'rank',
      at('images'),
      '--prompt',
      golden.prompts[0]!,
      '-m',
      model,
      '-d',
      'cpu',
      '--top',
      '3',
      '--json',
    ]
    const ranked = JSON.parse((await room.run(rank)).stdout) as { results: { image: string }[] }
    const combined = golden.images.map((name, i) => ({
      name,
      score: 0.5 * golden.ict[i]![0]! + 0.5 * golden.hp[i]!,
    }))
    const best = combined
      .sort((a, b) => b.score - a.score)
      .slice(0, 3)
      .map(({ name }) => at(`images/${name}`))
    expect(ranked.results.map(({ image }) => image)).toEqual(best)
  })

  test('inspect: the hashes of every image', async () => {
    const golden = json<{ images: Record<string, object> }>('images.json').images
    const { code, stdout } = await room.run(['inspect', at('images'), '--json'])
    expect(code).toBe(0)
    const seen = JSON.parse(stdout) as { file: string; width: number }[]
    expect(seen).toHaveLength(Object.keys(golden).length)
    for (const { file, ...image } of seen) expect(golden[file.split('/').at(-1)!], file).toMatchObject(image)
  })

  test('pull from a hub, then score with what it left', async () => {
    const hub = await FakeHub.start()
    try {
      const file = (path: string): Buffer => readFileSync(at(`tiny/${path}`))
      hub.add('8y/ICT', { 'pytorch_model.bin': file('ICT/pytorch_model.bin') })
      const parts = ['hp_backbone/pytorch_model.bin', 'hp_scorer/mlp_pytorch_model.bin']
      hub.add('8y/HP', Object.fromEntries(parts.map((path) => [path, file(`HP/${path}`)])))
      hub.add('laion/CLIP-ViT-H-14-laion2B-s32B-b79K', { 'config.json': file('base/config.json') })
      vi.stubEnv('HF_ENDPOINT', hub.endpoint)
      vi.stubEnv('HF_HOME', join(room.folder, 'hf'))
      for (const name of [
        'HF_HUB_CACHE',
        'HUGGINGFACE_HUB_CACHE',
        'HF_TOKEN',
        'HF_HUB_OFFLINE',
        'TRANSFORMERS_OFFLINE',
      ])
        vi.stubEnv(name, '')
      const env = { ICTHP_MODEL: join(room.folder, 'official') }
      const plan = await room.run(['pull', '--dry-run', '--json'], { env })
      expect(JSON.parse(plan.stdout)).toMatchObject({
        present: 0,
        cacheDir: join(room.folder, 'hf/hub'),
        out: env.ICTHP_MODEL,
      })
      const pulled = await room.run(['pull', '-q', '--json'], { env })
      expect(pulled.code, pulled.stderr).toBe(0)
      expect(JSON.parse(pulled.stdout)).toMatchObject({
        models: [
          { kind: 'ict', name: '8y/ICT' },
          { kind: 'hp', name: '8y/HP' },
        ],
      })
      const again = await room.run(['pull'], { env })
      expect(again.stderr).toContain('HP is converted already, from the same commit')
      const { stdout } = await room.run(['score', at('images/t_rgb.png'), '-d', 'cpu', '--json'], { env })
      const { images, hp } = json<Scores>('scores/tiny.json')
      expect(JSON.parse(stdout)).toMatchObject({
        models: { hp: '8y/HP' },
        results: [{ hp: expect.closeTo(hp[images.indexOf('t_rgb.png')]!, 4) }],
      })
    } finally {
      await hub.stop()
    }
  })
})
