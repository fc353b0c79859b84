import { copyFileSync, readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { rolldown, type RolldownPlugin } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'
import { defineConfig, type Options } from 'tsup'
import { WASM_FILES } from './src/image/codecs/wasm-codecs.ts'

const entries = {
  index: 'src/index.ts',
  node: 'src/node.ts',
  web: 'src/web.ts',
  convert: 'src/convert/index.ts',
  testing: 'src/testing.ts',
  transformers: 'src/transformers.ts',
  ort: 'src/ort.ts',
  sheet: 'src/sheet.ts',
  server: 'src/server.ts',
  remote: 'src/remote.ts',
  'remote-web': 'src/remote-web.ts',
  dataset: 'src/dataset.ts',
}

const common = {
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  splitting: true,
} as const

// Not by `clean`, since the two builds run at the same time.
rmSync('dist', { recursive: true, force: true })

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/** The codecs' glue sets `import.meta.url` where there is none; webpack makes of that an assignment to a string. */
const withoutUrlAssignment: Plugin = {
  name: 'without-url-assignment',
  setup: ({ onLoad }) =>
    onLoad({ filter: /@jsquash[\\/].*_dec\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(
        'if(import.meta.url===undefined){import.meta.url="https://localhost"}',
        '',
      ),
    })),
}

/** For Symbol.asyncDispose, whatever `lib` a program has; as @types/node does it. TypeScript knows it from 5.2 on. */
const withDisposable: RolldownPlugin = {
  name: 'with-disposable',
  generateBundle: (_, bundle) => {
    for (const file of Object.values(bundle))
      if (file.type === 'chunk') file.code = `/// <reference lib="esnext.disposable" />\n${file.code}`
  },
}

/** A file's declarations come from its text alone (`isolatedDeclarations`): `npm run types` checks, this only writes. */
async function bundleTypes(): Promise<void> {
  const bundle = await rolldown({
    input: entries,
    external: (id) => !/^[./]|^src\//.test(id),
    plugins: [dts({ oxc: true, emitDtsOnly: true }), withDisposable],
  })
  await bundle.write({ dir: 'dist' })
}

const config: ReturnType<typeof defineConfig> = defineConfig([
  {
    ...common,
    entry: {
      ...entries,
      'cli/icthp': 'src/cli/icthp.ts',
      // Worker threads load these by URL; see src/worker/worker-url-node.ts.
      'backend/ort-worker-node': 'src/backend/ort-node/ort-handler-node.ts',
      'image/worker-node': 'src/image/pool/worker-node.ts',
      'convert/digest-worker-node': 'src/convert/write/digest-worker-node.ts',
      'evaluation/measure-worker-node': 'src/evaluation/measure-worker-node.ts',
    },
    // Kept as they are written: Deno and bundlers know Node's own modules by their prefix.
    removeNodeProtocol: false,
    external: [/^node:/, './worker-web.js'],
    onSuccess: bundleTypes,
  },
  {
    ...common,
    // The browser's worker, whole but for onnxruntime-web: import maps do not reach workers.
    entry: { 'worker-web': 'src/worker/worker-web.ts' },
    noExternal: [/^(?!onnxruntime-web)/],
    esbuildPlugins: [withoutUrlAssignment],
    onSuccess: async () => {
      for (const file of Object.values(WASM_FILES))
        copyFileSync(`node_modules/${file}`, `dist/${basename(file)}`)
    },
  },
])
export default config
