// Compiles a kernel's source into the .ts beside it. A .wat with wat2wasm of the npm package wabt 1.0.39:
//   npx --yes --package wabt@1.0.39 wat2wasm src/image/resize/resize-kernel.wat -o kernel.wasm
// An .as with the AssemblyScript compiler, which wants to see it named .ts:
//   cp src/image/formats/jpeg/jpeg-kernel.as kernel.ts
//   npx --yes --package assemblyscript@0.28.20 asc kernel.ts -O3 --noAssert --enable simd --enable bulk-memory --runtime stub -o kernel.wasm
// And then:
//   node scripts/build-kernel.mjs src/image/formats/jpeg/jpeg-kernel.as kernel.wasm
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, extname } from 'node:path'

const WHAT = {
  'resize-kernel': 'the two resampling passes',
  'lzw-kernel': 'the loop of LZW',
  'zstd-kernel': 'Zstandard',
  'lzma-kernel': 'the loop of LZMA',
  'jpeg-kernel': 'what is done to every sample of a JPEG',
  'weight-kernel': 'what is done to every weight',
}
const WITHOUT_SIMD = ['lzw-kernel', 'zstd-kernel', 'lzma-kernel']
const [source, compiled] = process.argv.slice(2)
const kind = extname(source)
const name = basename(source, kind)
const base64 = readFileSync(compiled).toString('base64')
const lines = base64
  .match(/.{1,110}/g)
  .map((line) => `  '${line}'`)
  .join(' +\n')
writeFileSync(
  source.slice(0, -kind.length) + '.ts',
  `// Made by scripts/build-kernel.mjs from ${name}${kind}: change that file, not this one.\n` +
    `/** WebAssembly${WITHOUT_SIMD.includes(name) ? '' : ' (with SIMD)'} of ${WHAT[name]}, base64. */\n` +
    `export const ${name.toUpperCase().replace('-', '_')}: string =\n${lines}\n`,
)
