import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readPrompt } from '../../src/prompts/read-prompt-node.ts'

interface Answer {
  readonly prompt: string | null
  readonly negative: string | null
}
interface Golden extends Answer {
  readonly file: string
  readonly format: string
  readonly plain: string | null
  readonly either?: readonly Answer[]
}

const golden = fileURLToPath(new URL('../../../shared/golden/', import.meta.url))
const files = existsSync(`${golden}prompts.json`)
  ? (JSON.parse(readFileSync(`${golden}prompts.json`, 'utf8')) as { files: Golden[] }).files
  : []

describe.skipIf(files.length === 0)('the prompts of the golden files', () => {
  test.each(files.map((file) => [file.file, file] as const))('%s', async (name, answer) => {
    const found = await readPrompt(`${golden}prompts/${name}`)
    expect({
      prompt: found?.prompt ?? null,
      negative: found?.negative ?? null,
      plain: found?.plain ?? null,
      format: found?.format,
    }).toEqual({
      prompt: answer.prompt,
      negative: answer.negative,
      plain: answer.plain,
      format: answer.prompt === null ? undefined : answer.format,
    })
    // A path, or bytes without a name.
    expect(await readPrompt(readFileSync(`${golden}prompts/${name}`))).toEqual(found)
  })
})
