import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'tsup'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../package/pages.ts'
import { mustRun } from '../package/room.ts'

/** What a program says that a bundler made one file of, icthp and all, where there is no node_modules. */
const PROGRAM = `
import { HpScorer, OrtNodeBackend, preprocess } from '${root}src/node.ts'
const said = async (work) => {
  try { return String(await work()) } catch (error) { return error.code + ': ' + error.message }
}
const main = async () => console.log(JSON.stringify({
  scorer: await said(() => HpScorer.fromPretrained()),
  named: await said(() => HpScorer.fromPretrained('./model')),
  backend: await said(() => new OrtNodeBackend()),
  decoder: await said(() => preprocess('picture.webp')),
}))
main()
`
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'icthp-bundled-'))
  await writeFile(join(folder, 'program.ts'), PROGRAM)
  await cp(join(root, 'test/fixtures/images/webp-lossy.webp'), join(folder, 'picture.webp'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe.each(['esm', 'cjs'] as const)('icthp in one file, %s', (format) => {
  test('asks to be made external, whatever is missing first', async () => {
    const file = join(folder, format, `program.${format === 'cjs' ? 'cjs' : 'mjs'}`)
    await build({
      config: false,
      entry: [join(folder, 'program.ts')],
      outDir: join(folder, format),
      outExtension: () => ({ js: format === 'cjs' ? '.cjs' : '.mjs' }),
      format,
      platform: 'node',
      target: 'node20',
      // sharp would be bundled from here, with a native library that is not.
      external: ['sharp', /^onnxruntime/],
      noExternal: [/^(?!sharp|onnxruntime)/],
      splitting: false,
      dts: false,
      silent: true,
    })
    const said = JSON.parse(await mustRun(process.execPath, [file], { cwd: folder })) as object
    const external =
      /^runtime_missing: The file \S+ of icthp is not where it should be: .* Mark icthp as external/
    for (const [what, message] of Object.entries(said)) expect.soft(message, what).toMatch(external)
    expect(Object.keys(said)).toHaveLength(4)
  })
})
