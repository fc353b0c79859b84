// The oldest runtimes that icthp takes, on a page without a bundler: the browser loads onnxruntime-web's /jspi.
import { cp, readFile, writeFile } from 'node:fs/promises'
import { checkPage } from './browser.mjs'
import { check } from './checks.mjs'

const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'))
const { peerDependencies } = JSON.parse(await readFile('node_modules/icthp/package.json', 'utf8'))
for (const name of ['onnxruntime-web', 'onnxruntime-node', 'sharp']) {
  const { version } = JSON.parse(await readFile(`node_modules/${name}/package.json`, 'utf8'))
  const [, oldest] = /^>=(\S+) /.exec(peerDependencies[name])
  check(
    version === oldest && dependencies[name] === oldest,
    `${name} ${version} is not the oldest, ${oldest}`,
  )
}

const ort = './node_modules/onnxruntime-web/dist/ort'
const imports = {
  'icthp/web': './node_modules/icthp/dist/web.js',
  'onnxruntime-web/jspi': `${ort}.jspi.bundle.min.mjs`,
  'onnxruntime-web/wasm': `${ort}.wasm.bundle.min.mjs`,
  'onnxruntime-web/webgpu': `${ort}.webgpu.bundle.min.mjs`,
  '@noble/hashes/': './node_modules/@noble/hashes/',
  'entities/decode': './node_modules/entities/dist/decode.js',
  'ftfy-js/bad-codecs': './node_modules/ftfy-js/dist/bad-codecs/index.js',
  'ftfy-js/badness': './node_modules/ftfy-js/dist/badness.js',
  'ftfy-js/chardata': './node_modules/ftfy-js/dist/chardata.js',
}
const page = await readFile('page/index.html', 'utf8')
await writeFile(
  'index.html',
  page.replace(
    '<script type="module"',
    `<script type="importmap">${JSON.stringify({ imports })}</script>\n$&`,
  ),
)
await cp('page/main.js', 'main.js')

const asked = await checkPage('.')
for (const file of ['ort.jspi.bundle.min.mjs', 'ort-wasm-simd-threaded.jspi.wasm'])
  check(asked.includes(`/node_modules/onnxruntime-web/dist/${file}`), `no ${file}: ${asked.join(' ')}`)
