// Compiles src/image/resize/resize-kernel.wat into resize-kernel.ts beside it, with wat2wasm of the npm package wabt 1.0.39:
//   npx --yes --package wabt@1.0.39 wat2wasm src/image/resize/resize-kernel.wat -o kernel.wasm
//   node scripts/build-resize-kernel.mjs kernel.wasm
import { readFileSync, writeFileSync } from 'node:fs'

const base64 = readFileSync(process.argv[2]).toString('base64')
const lines = base64
  .match(/.{1,110}/g)
  .map((line) => `  '${line}'`)
  .join(' +\n')
writeFileSync(
  new URL('../src/image/resize/resize-kernel.ts', import.meta.url),
  `// Made by scripts/build-resize-kernel.mjs from resize-kernel.wat: change that file, not this one.\n` +
    `/** WebAssembly (with SIMD) of the two resampling passes, base64. */\nexport const RESIZE_KERNEL: string =\n${lines}\n`,
)
