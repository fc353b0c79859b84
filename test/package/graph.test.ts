import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { build } from 'tsup'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { root } from './pages.ts'

const dist = join(root, 'dist')

/** Everything that a built file leads to, by static and dynamic imports: our own files, and packages by name. */
function graphOf(entry: string): { files: Set<string>; packages: Set<string> } {
  const [files, packages] = [new Set<string>(), new Set<string>()]
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      if (fileName.startsWith('.')) visit(resolve(dirname(file), fileName))
      else packages.add(fileName)
    }
  }
  visit(join(dist, entry))
  return { files, packages }
}

const core = /^(ftfy-js|entities|@noble\/hashes)\//
const web = /^(ftfy-js|entities|onnxruntime-web|@jsquash|@noble\/hashes)\//
/** The entries of the web: that of users, and those of its worker threads. */
const webEntries = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /^web\.js$|worker-web\.js$/.test(file),
)
const entries = [
  { entry: 'index.js', allowed: core },
  { entry: 'testing.js', allowed: core },
  { entry: 'remote-web.js', allowed: /^$/ },
  ...webEntries.map((entry) => ({ entry, allowed: web })),
]

describe.each(entries)('the built graph of $entry', ({ entry, allowed }) => {
  const { files, packages } = graphOf(entry)

  test('leads to no package of another platform', () => {
    expect([...packages].filter((name) => !allowed.test(name))).toEqual([])
    expect([...packages].filter((name) => name.startsWith('node:') || builtinModules.includes(name))).toEqual(
      [],
    )
  })

  test('holds no file named for Node', () => {
    expect(
      [...files]
        .map((file) => relative(dist, file))
        .filter((file) => /(^|\/)(node|convert|cli)(\/|\.)|-node/.test(file)),
    ).toEqual([])
  })

  test('can be bundled for a browser, with all it depends on', async () => {
    const outDir = mkdtempSync(join(tmpdir(), 'icthp-browser-'))
    try {
      await build({
        config: false,
        entry: [join(dist, entry)],
        outDir,
        format: 'esm',
        platform: 'browser',
        noExternal: [/.*/],
        splitting: false,
        dts: false,
        silent: true,
      })
      expect(existsSync(join(outDir, basename(entry)))).toBe(true)
    } finally {
      rmSync(outDir, { recursive: true })
    }
  })
})

test("node.js leads to Node's own modules: the walk finds what there is", () => {
  expect([...graphOf('node.js').packages]).toEqual(expect.arrayContaining(['node:worker_threads', 'sharp']))
})
