// Compiles a kernel's .wat into the .ts beside it, with wat2wasm of the npm package wabt 1.0.39:
//   npx --yes --package wabt@1.0.39 wat2wasm src/image/resize/resize-kernel.wat -o kernel.wasm
//   node scripts/build-kernel.mjs src/image/resize/resize-kernel.wat kernel.wasm
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

const WHAT = {
  'resize-kernel': 'the two resampling passes',
  'weight-kernel': 'what is done to every weight',
}
const [source, compiled] = process.argv.slice(2)
const name = basename(source, '.wat')
const base64 = readFileSync(compiled).toString('base64')
const lines = base64
  .match(/.{1,110}/g)
  .map((line) => `  '${line}'`)
  .join(' +\n')
writeFileSync(
  source.replace(/\.wat$/, '.ts'),
  `// Made by scripts/build-kernel.mjs from ${name}.wat: change that file, not this one.\n` +
    `/** WebAssembly (with SIMD) of ${WHAT[name]}, base64. */\n` +
    `export const ${name.toUpperCase().replace('-', '_')}: string =\n${lines}\n`,
)
