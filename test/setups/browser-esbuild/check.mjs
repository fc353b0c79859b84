// The worker is a second entry, the decoders' WebAssembly lies beside it, and the page says where the runtime's is.
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as esbuild from 'esbuild'
import { checkPage } from './browser.mjs'
import { check } from './checks.mjs'

const page = await readFile('page/main.js', 'utf8')
await writeFile(
  'page/main.js',
  page.replaceAll('fromPretrained(model)', "fromPretrained(model, { wasmPaths: '/ort/' })"),
)
await esbuild.build({
  entryPoints: ['page/main.js', 'node_modules/icthp/dist/worker-web.js'],
  entryNames: '[name]',
  outdir: 'site',
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  logLevel: 'error',
})
await cp('page/index.html', 'site/index.html')
const copy = async (from, wanted, to) => {
  for (const name of await readdir(from))
    if (wanted.test(name)) await cp(join(from, name), join('site', to, name))
}
await copy('node_modules/icthp/dist', /_dec\.wasm$/, '.')
await copy('node_modules/onnxruntime-web/dist', /^ort-wasm.*\.(mjs|wasm)$/, 'ort')

const asked = await checkPage('site')
for (const path of ['/worker-web.js', '/ort/ort-wasm-simd-threaded.jspi.wasm'])
  check(asked.includes(path), `${path} was not asked for, but ${asked.join(' ')}`)
