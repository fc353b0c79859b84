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
    'image/worker-node': 'src/image/worker-node.ts',
  },
  dts: { entry: entries },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  splitting: true,
  clean: true,
})
export default config
