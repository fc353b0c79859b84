import { copyFileSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { WASM_FILES } from '../../src/image/codecs/wasm-codecs.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const pageFolder: string = `${root}node_modules/.cache/icthp-web`

/** Bundles the page of the browser tests and the worker, as tsup.config.ts does it. vitest runs it once before all tests. */
export default async function buildPage(): Promise<void> {
  const common = {
    config: false,
    outDir: pageFolder,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    dts: false,
    silent: true,
    noExternal: [/^(?!onnxruntime-web|\.\/worker-web)/],
  } as const
  await Promise.all([
    build({
      ...common,
      noExternal: [...common.noExternal],
      entry: { page: `${root}test/web/page/page.ts` },
      external: ['./worker-web.js'],
      splitting: false,
    }),
    build({
      ...common,
      noExternal: [...common.noExternal],
      entry: { 'worker-web': `${root}src/worker/worker-web.ts` },
      splitting: true,
    }),
  ])
  mkdirSync(pageFolder, { recursive: true })
  for (const file of Object.values(WASM_FILES))
    copyFileSync(`${root}node_modules/${file}`, `${pageFolder}/${basename(file)}`)
}
