import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type ICruiseResult, type IFlattenedRuleSet } from 'dependency-cruiser'
import { ESLint } from 'eslint'
import { describe, expect, test } from 'vitest'
import { root } from './pages.ts'

const { forbidden } = createRequire(import.meta.url)(`${root}.dependency-cruiser.cjs`) as IFlattenedRuleSet

/** What the rules on imports say of a source tree, `rule: from`, sorted. */
async function broken(files: Readonly<Record<string, string>>): Promise<string[]> {
  const baseDir = mkdtempSync(join(tmpdir(), 'icthp-rules-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(baseDir, path)), { recursive: true })
      writeFileSync(join(baseDir, path), text)
    }
    const { output } = await cruise(['src'], {
      baseDir,
      validate: true,
      ruleSet: { forbidden: forbidden! },
      tsPreCompilationDeps: true,
    })
    const { violations } = (output as ICruiseResult).summary
    return violations.map(({ rule, from }) => `${rule.name}: ${from}`).sort()
  } finally {
    rmSync(baseDir, { recursive: true, force: true })
  }
}

const thing = 'export interface Thing { readonly name: string }\n'
const taking = (path: string): string =>
  `import type { Thing } from '${path}'\nexport type Mine = Thing | undefined\n`

describe('imports', () => {
  test('that lead down are let be, at every depth', async () => {
    expect(
      await broken({
        'src/base/thing.ts': thing,
        'src/worker/a.ts': taking('../base/thing.ts'),
        'src/image/formats/jpeg/b.ts': taking('../../../base/thing.ts'),
        'src/testing/c.ts': taking('../image/formats/jpeg/b.ts')
          .replaceAll('Thing', 'Mine')
          .replace('type Mine =', 'type Own ='),
        'src/node.ts': taking('./base/thing.ts'),
      }),
    ).toEqual([])
  })

  test.each([
    ['base', 'src/base/a.ts', '../text/thing.ts', 'src/text/thing.ts'],
    ['worker', 'src/worker/a.ts', '../image/thing.ts', 'src/image/thing.ts'],
    ['checkpoint', 'src/checkpoint/a.ts', '../onnx/thing.ts', 'src/onnx/thing.ts'],
    ['image', 'src/image/formats/jpeg/a.ts', '../../../prompts/thing.ts', 'src/prompts/thing.ts'],
    ['prompts', 'src/prompts/comfy/a.ts', '../../hub/http/thing.ts', 'src/hub/http/thing.ts'],
    ['hub', 'src/hub/a.ts', '../runtime.ts', 'src/runtime.ts'],
    ['scorers', 'src/scorers/a.ts', '../testing/thing.ts', 'src/testing/thing.ts'],
    ['report', 'src/report/a.ts', '../convert/graph/thing.ts', 'src/convert/graph/thing.ts'],
    ['cli', 'src/cli/commands/a.ts', '../../node.ts', 'src/node.ts'],
    ['worker/worker-web.ts', 'src/worker/worker-web.ts', '../image/thing.ts', 'src/image/thing.ts'],
  ])('of a type, up from %s, is refused', async (rule, from, path, to) => {
    expect(await broken({ [to]: thing, [from]: taking(path) })).toEqual([`up-from-${rule}: ${from}`])
  })

  test('in a circle are refused, through types too', async () => {
    const found = await broken({
      'src/base/a.ts': `${thing}export type { Mine } from './b.ts'\n`,
      'src/base/b.ts': taking('./a.ts'),
    })
    expect(found).toEqual(['no-circle: src/base/a.ts'])
  })

  test('of a room or a root file that has no floor are refused', async () => {
    const files = {
      'src/base/thing.ts': thing,
      'src/attic/a.ts': taking('../base/thing.ts'),
      'src/door.ts': taking('./base/thing.ts'),
    }
    expect(await broken(files)).toEqual(['no-unknown-room: src/attic/a.ts', 'no-unknown-room: src/door.ts'])
  })

  test('of more than types are refused in runtime.ts', async () => {
    const files = {
      'src/base/one.ts': 'export const one = 1\n',
      'src/runtime.ts': "export { one } from './base/one.ts'\n",
    }
    expect(await broken(files)).toEqual(['runtime-holds-types-only: src/runtime.ts'])
  })
})

describe('functions', () => {
  const lint = async (path: string, code: string): Promise<(string | null)[]> => {
    const eslint = new ESLint({ cwd: root })
    const [result] = await eslint.lintText(code, { filePath: `${root}${path}` })
    return result!.messages.map(({ ruleId }) => ruleId)
  }
  const long = `export function long(): void {\n${'  long()\n'.repeat(60)}}\n`

  test('of more than 60 lines are refused, but in what is long by nature', async () => {
    expect(await lint('src/text/a.ts', long)).toEqual(['max-lines-per-function'])
    expect(await lint('src/image/formats/jpeg/pixels/inverse-dct.ts', long)).toEqual([])
  })

  test('may not nest ternaries', async () => {
    const nested = 'export const sign = (x: number): number => (x < 0 ? -1 : x > 0 ? 1 : 0)\n'
    expect(await lint('src/text/a.ts', nested)).toEqual(['no-nested-ternary'])
    expect(await lint('test/text/a.test.ts', nested)).toEqual(['no-nested-ternary'])
  })
})
