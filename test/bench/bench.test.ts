import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))

async function bench(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/bench.mjs', ...args], { cwd: root })
  return stdout
}

test('--help names every option and section', async () => {
  const help = await bench('--help')
  for (const word of [
    '--size',
    '--checkpoint',
    '--model',
    '--dtype',
    '--only',
    '--runs',
    '--threads',
    '--reference',
    'score',
    'pipeline',
  ]) {
    expect(help).toContain(word)
  }
})

test('a mistake is told in a line', async () => {
  await expect(bench('--only', 'everything')).rejects.toMatchObject({
    code: 2,
    stderr: '--only everything: use some of score, growth, load, preprocess, pipeline, parts.\n',
  })
})

test('makes a model on the spot and prints what scoring with it costs', async () => {
  const stdout = await bench('--size', 'tiny', '--dtype', 'fp32', '--runs', '1', '--only', 'score')
  expect(stdout).toContain('model: tiny, random weights')
  // Seconds a pair, images a second with both models and with HP alone, seconds for the matrix.
  const row = /^\| fp32 +\|(.*)\|$/m.exec(stdout)
  const cells = (row?.[1] ?? '').split('|').map(Number)
  expect(cells).toHaveLength(4)
  for (const cell of cells) expect(cell).toBeGreaterThan(0)
}, 120_000)
