import { fileURLToPath } from 'node:url'
import { tinyModel } from '../tiny-model.ts'
import { startServer, type StaticServer } from './browser/server.ts'
import { pageFolder } from './build-page.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const goldenFolder: string = fileURLToPath(new URL('../../../shared/golden/', import.meta.url))

/** Without a bundler, a page says itself where packages are: under an address that ends in `/`. */
export const pageFrom = (base: string): string => `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="importmap">{ "imports": {
  "onnxruntime-web/jspi": "${base}ort/ort.jspi.bundle.min.mjs",
  "onnxruntime-web/webgpu": "${base}ort/ort.webgpu.bundle.min.mjs",
  "onnxruntime-web/wasm": "${base}ort/ort.wasm.bundle.min.mjs"
} }</script>
<script type="module" src="${base}page/page.js"></script>
`

/** Serves the page, pictures, and the tiny model under `/model/`. */
export async function startRoom(): Promise<StaticServer> {
  return startServer(
    {
      model: await tinyModel(),
      page: pageFolder,
      ort: `${root}node_modules/onnxruntime-web/dist`,
      fixtures: `${root}test/fixtures/images`,
      examples: `${root}examples/images`,
      golden: `${goldenFolder}images`,
    },
    pageFrom('/'),
  )
}
