import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { nodeServices } from '../../src/cli/services.ts'
import { convertCheckpoints } from '../../src/convert/index.ts'
import {
  dot,
  nodeScorer,
  rankImages,
  registerKind,
  scoreImages,
  type TextKind,
  TextScorer,
} from '../../src/node.ts'
import { cliRoom } from '../cli/cli-room.ts'
import { checkpointRoom } from '../convert/checkpoint-room.ts'

/** A model of text and image whose scores run from 0 to 100, as of PickScore's kind. One record is all that it takes. */
const PICK: TextKind = {
  name: 'pick',
  label: 'Pick',
  about: 'how well an image fits the prompt',
  range: [0, 100],
  takesPrompt: true,
  similarity: (text, image) => 50 + 50 * dot(text, image),
}
registerKind(PICK)
const PickScorer = nodeScorer(TextScorer, PICK)

const room = checkpointRoom()
const cli = cliRoom()
const src = fileURLToPath(new URL('../../src/', import.meta.url))

test('a third model is converted, scores, ranks and is reported', async () => {
  const { prompts, ict: expected } = room.reference
  const files = [...room.images]
  await room.unpack('ict.safetensors', 'ICT/model.safetensors')
  const out = join(cli.folder, 'models')
  const { models } = await convertCheckpoints({
    checkpoints: { pick: room.at('ICT') },
    base: room.at('base'),
    out,
  })
  expect(models).toMatchObject([{ kind: 'pick', folder: join(out, 'pick') }])

  await using pick = await PickScorer.fromPretrained(out, { device: 'cpu', dtype: 'fp32' })
  const scores = await pick.matrix(files, prompts)
  // 2e-5 of the similarity, on a scale of 50 to the unit.
  scores.forEach((row, i) =>
    row.forEach((score, j) => expect(Math.abs(score - 50 - 50 * expected[i]![j]!)).toBeLessThan(1e-3)),
  )

  const rows = []
  for await (const { scores } of scoreImages(files, { scorers: [pick], prompts }))
    rows.push(scores.map(({ pick }) => pick))
  expect(rows).toEqual(scores)

  const ranking = await rankImages(files, { scorers: [pick], prompt: prompts[0]!, thresholds: { pick: 50 } })
  const order = files.map((_, i) => i).sort((a, b) => scores[b]![0]! - scores[a]![0]!)
  expect(ranking.combine).toBe('pick')
  expect(ranking.results.map(({ index }) => index)).toEqual(order)
  expect(ranking.results[0]).toMatchObject({
    pick: scores[order[0]!]![0]!,
    passed: scores[order[0]!]![0]! > 50,
  })

  cli.services = nodeServices
  const run = await cli.run([
    'rank',
    ...files,
    '-p',
    prompts[0]!,
    '--only',
    'pick',
    '-m',
    out,
    '--device',
    'cpu',
    '--csv',
    '--html',
    'page.html',
  ])
  expect(run.code).toBe(0)
  const [head, first] = run.stdout.split(/\r?\n/)
  expect(head).toBe('image,rank,score,ict,hp,pick,passed,combine,model')
  const best = String(scores[order[0]!]![0]!)
  expect(first!.split(',').slice(1, 6)).toEqual(['1', best, '', '', best])
  const page = readFileSync(join(cli.folder, 'page.html'), 'utf8')
  expect(page).toContain('Best first, by Pick.')
  expect(page).toContain(`data-pick="[${best}]"`)
})

test('no room but the records asks which model it is', () => {
  const asks = /(===|!==)\s*'(ict|hp)'|includes\('(ict|hp)'\)/
  const found = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && asks.test(readFileSync(join(src, file), 'utf8')))
    .map((file) => file.replaceAll('\\', '/'))
  expect(found).toEqual([])
})
