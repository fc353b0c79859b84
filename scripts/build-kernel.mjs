// Compiles a kernel's source into the .ts beside it, or with --check says whether that is what the source makes:
//   node scripts/build-kernel.mjs src/image/formats/jpeg/jpeg-kernel src/image/resize/resize-kernel
// NAME.wat is WebAssembly's own text, NAME.as AssemblyScript, of which long ones are parts in a folder NAME. Their compilers
// come from the npm registry.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'

const WHAT = {
  'resize-kernel': 'the two resampling passes',
  'lzw-kernel': 'the loop of LZW',
  'zstd-kernel': 'Zstandard',
  'lzma-kernel': 'the loop of LZMA',
  'jpeg-kernel': 'what is done to every sample of a JPEG',
  'weight-kernel': 'what is done to every weight',
}
/** In the order in which they are joined, and best read. */
const PARTS = {
  'zstd-kernel': ['state', 'frame', 'literals', 'huffman', 'bits', 'tables', 'sequences', 'checksum'],
  'jpeg-kernel': ['dct', 'vectors', 'upsample', 'colour', 'huffman', 'smooth'],
}
const WITHOUT_SIMD = ['lzw-kernel', 'zstd-kernel', 'lzma-kernel']
const WABT = ['--yes', '--package', 'wabt@1.0.39', 'wat2wasm']
const ASC = ['--yes', '--package', 'assemblyscript@0.28.20', 'asc']
const FLAGS = '-O3 --noAssert --enable simd --enable bulk-memory --runtime stub'.split(' ')

function compile(kernel) {
  const folder = mkdtempSync(join(tmpdir(), 'icthp-kernel-'))
  const npx = (...args) => execFileSync('npx', args, { cwd: folder, shell: process.platform === 'win32' })
  try {
    if (existsSync(`${kernel}.wat`)) npx(...WABT, resolve(`${kernel}.wat`), '-o', 'kernel.wasm')
    else {
      // The compiler wants to see it named .ts.
      writeFileSync(join(folder, 'kernel.ts'), sourceOf(kernel))
      npx(...ASC, 'kernel.ts', ...FLAGS, '-o', 'kernel.wasm')
    }
    return readFileSync(join(folder, 'kernel.wasm')).toString('base64')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function sourceOf(kernel) {
  const parts = PARTS[basename(kernel)]
  const files = parts ? parts.map((part) => join(kernel, `${part}.as`)) : [`${kernel}.as`]
  return files.map((file) => readFileSync(file, 'utf8')).join('\n')
}

function moduleOf(kernel, base64) {
  const name = basename(kernel)
  const ending = ['.wat', '.as'].find((each) => existsSync(kernel + each))
  const from = ending ? `${name}${ending}: change that file` : `${name}/: change the files there`
  const lines = base64.match(/.{1,110}/g).map((line) => `  '${line}'`)
  return (
    `// Made by scripts/build-kernel.mjs from ${from}, not this one.\n` +
    `/** WebAssembly${WITHOUT_SIMD.includes(name) ? '' : ' (with SIMD)'} of ${WHAT[name]}, base64. */\n` +
    `export const ${name.toUpperCase().replace('-', '_')}: string =\n${lines.join(' +\n')}\n`
  )
}

const [option, ...rest] = process.argv.slice(2)
const check = option === '--check'
for (const kernel of check ? rest : [option, ...rest]) {
  const made = moduleOf(kernel, compile(kernel))
  if (!check) writeFileSync(`${kernel}.ts`, made)
  else if (readFileSync(`${kernel}.ts`, 'utf8') !== made) {
    console.error(`${kernel}.ts is not what its source makes: build it anew.`)
    process.exitCode = 1
  }
}
