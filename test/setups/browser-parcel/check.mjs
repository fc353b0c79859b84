// Parcel reads `exports` and writes workers as modules where package.json tells it to; the page says where the runtime's
// WebAssembly is.
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkPage } from './browser.mjs'
import { mustRun } from './checks.mjs'

const page = await readFile('page/main.js', 'utf8')
await writeFile(
  'page/main.js',
  page.replaceAll('fromPretrained(model)', "fromPretrained(model, { wasmPaths: '/ort/' })"),
)
await mustRun('npx', [
  'parcel',
  'build',
  'page/index.html',
  '--dist-dir',
  'site',
  '--no-cache',
  '--no-source-maps',
])
const from = 'node_modules/onnxruntime-web/dist'
for (const name of await readdir(from))
  if (/^ort-wasm.*\.(mjs|wasm)$/.test(name)) await cp(join(from, name), join('site/ort', name))
await checkPage('site')
