import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { beforeAll, expect, test } from 'vitest'
import { root } from './pages.ts'
import { pack, type Packed, run } from './room.ts'

const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>
  bin: { icthp: string }
}
let packed: Packed
beforeAll(async () => {
  packed = await pack()
})

test('holds what is exported, the workers, the command line, and nothing else of the repository', () => {
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  )
  const workers = [
    'dist/image/worker-node.js',
    'dist/backend/ort-worker-node.js',
    'dist/convert/digest-worker-node.js',
    'dist/worker-web.js',
    'dist/avif_dec.wasm',
  ]
  const needed = [...targets.map((path) => path.replace('./', '')), manifest.bin.icthp, ...workers]
  const paths = packed.files.map(({ path }) => path)
  const pages = ['README.md', 'README.zh-CN.md', 'CHANGELOG.md', 'LICENSE']
  expect(paths).toEqual(expect.arrayContaining([...needed, ...pages, 'models/calibration/prompts.txt']))
  const others = paths.filter(
    (path) => !/^dist\/[\w./-]+\.(js|d\.ts)$|^dist\/\w+_dec\.wasm$|^models\/(calibration|demo)\/./.test(path),
  )
  expect(others.sort()).toEqual([...pages, 'models/README.md', 'package.json'].sort())
})

test('files that built code looks for beside itself are there', () => {
  const sought = packed.files
    .filter(({ path }) => /^dist\/.*\.js$/.test(path))
    .flatMap(({ path }) => {
      const code = readFileSync(join(root, path), 'utf8')
      return [
        ...code.matchAll(/join\d*\(here, "([^"]+)"\)|new URL\("(\.\/[^"]+)", import\.meta\.url\)/g),
      ].map(([, joined, address]) => posix.join(posix.dirname(path), (joined ?? address)!))
    })
  const models = ['models/demo', 'models/calibration']
  expect(sought).toEqual(
    expect.arrayContaining([...models, 'dist/image/worker-node.js', 'dist/worker-web.js']),
  )
  const paths = packed.files.map(({ path }) => path)
  expect(sought.filter((path) => !paths.some((one) => one === path || one.startsWith(`${path}/`)))).toEqual(
    [],
  )
})

test('every entry has types', () => {
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
  expect(entries).toEqual([
    '.',
    './node',
    './web',
    './convert',
    './testing',
    './transformers',
    './ort',
    './sheet',
    './server',
    './remote',
    './dataset',
  ])
  for (const entry of entries)
    expect(manifest.exports[entry]).toMatchObject({
      types: expect.stringMatching(/^\.\/dist\/\w+\.d\.ts$/) as string,
    })
})

test('types bring what older compilers or a narrow `lib` lack', () => {
  for (const { path } of packed.files.filter(({ path }) => path.endsWith('.d.ts'))) {
    const text = readFileSync(join(root, path), 'utf8')
    expect.soft(text, path).toMatch(/^\/\/\/ <reference lib="esnext.disposable" \/>\n/)
    // Before 5.7, TypeScript does not know them as generic.
    expect.soft(text, path).not.toMatch(/\b\w+Array<ArrayBuffer/)
  }
})

test('is small, models apart', () => {
  const bytes = (kind: RegExp): number =>
    packed.files.reduce((sum, { path, size }) => sum + (kind.test(path) ? size : 0), 0)
  expect(bytes(/^dist\/.*\.(js|ts)$/)).toBeLessThan(2_500_000)
  expect(bytes(/\.wasm$/)).toBeLessThan(1_600_000)
})

test('the command line starts with its shebang', () => {
  expect(readFileSync(join(root, manifest.bin.icthp), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})

test('publint has nothing to say', async () => {
  const tarball = readFileSync(packed.tarball)
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

test('types resolve for ESM and bundlers (attw)', async () => {
  const attw = join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js')
  const { code, stdout } = await run(
    process.execPath,
    [attw, packed.tarball, '--profile', 'esm-only', '--no-emoji', '--no-color'],
    { cwd: root },
  )
  expect({ code, stdout: code === 0 ? '' : stdout }).toEqual({ code: 0, stdout: '' })
})
