import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'tsup'
import { expect, test } from 'vitest'
import { root } from './pages.ts'

/**
 * What a page downloads for icthp, minified and gzipped, with all it depends on but onnxruntime-web: in kB, what it is
 * (four fifths of the first are CLIP's vocabulary), and what it may be. Raise a limit knowingly.
 */
const SIZES = [
  { entry: 'index.js', what: 'the platform-free core', limit: 230 },
  { entry: 'web.js', what: 'the page', limit: 255 },
  { entry: 'worker-web.js', what: "the worker, without the codecs' .wasm", limit: 100 },
] as const

test.each(SIZES)('$entry, $what: at most $limit kB', async ({ entry, limit }) => {
  const size = await bundledSize(entry)
  expect(size).toBeLessThan(limit)
  // A limit that is far off guards nothing.
  expect(size).toBeGreaterThan(limit * 0.8)
})

async function bundledSize(entry: string): Promise<number> {
  const outDir = mkdtempSync(join(tmpdir(), 'icthp-size-'))
  try {
    await build({
      config: false,
      entry: [join(root, 'dist', entry)],
      outDir,
      format: 'esm',
      platform: 'browser',
      noExternal: [/^(?!onnxruntime-web|\.\/worker-web)/],
      external: ['./worker-web.js'],
      splitting: true,
      minify: true,
      dts: false,
      silent: true,
    })
    return readdirSync(outDir).reduce(
      (sum, file) => sum + gzipSync(readFileSync(join(outDir, file)), { level: 9 }).length / 1000,
      0,
    )
  } finally {
    rmSync(outDir, { recursive: true })
  }
}
