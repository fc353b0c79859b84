import { defineConfig } from 'tsup'

const entries = {
  index: 'src/index.ts',
  node: 'src/node.ts',
  convert: 'src/convert/index.ts',
  testing: 'src/testing.ts',
  transformers: 'src/transformers.ts',
}

const config: ReturnType<typeof defineConfig> = defineConfig({
  entry: {
    ...entries,
    'cli/icthp': 'src/cli/icthp.ts',
    // Worker threads load these by URL; see src/worker-url-node.ts.
    'backend/ort-worker-node': 'src/backend/ort-worker-node.ts',
    'image/worker-node': 'src/image/pool/worker-node.ts',
    'evaluation/measure-worker-node': 'src/evaluation/measure-worker-node.ts',
  },
  dts: { entry: entries },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  splitting: true,
  clean: true,
  // Kept as they are written: Deno and bundlers know Node's own modules by their prefix.
  removeNodeProtocol: false,
  external: [/^node:/],
})
export default config
