import { defineConfig } from 'vitest/config'
import { common, projects } from './vitest.config.ts'

/** `npm run test:quick`: what needs no browser, no build and no packed package, and does not take long, for while one works. */
const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    ...common,
    globalSetup: ['test/once.ts', 'test/build-workers.ts'],
    projects: projects([
      // What starts browsers, builds, other processes or servers.
      'test/{web,examples,package,bench,setups,docs,fuzz,evaluation,backend,testing}/**',
      'test/**/browser.test.ts',
      'test/cli/{process,golden,backend,verify}.test.ts',
      'test/server/{serve-process,node-server,mutated-bodies}.test.ts',
      'test/server/open-inference/**',
      'test/dataset/{kill.test.ts,queue/**,run/**}',
      // What reads many files, or waits.
      'test/convert/{manifest,transformers,convert-checkpoints,loss,whole-or-nothing,strictness,write/model-place,which-weights}.test.ts',
      'test/image/{reported,large-png,pillow,decoder-node,jpeg-engines}.test.ts',
      'test/text/{clip-tokenizer,compose}.test.ts',
      'test/server/trainers/golden.test.ts',
      'test/scorers/turns.test.ts',
      'test/checkpoint/{bounds,torch/torch-mutants}.test.ts',
      'test/hub/**/{url-folder-web,download-node}.test.ts',
      // What sets HOME, which threads have in common.
      'test/hub/hub-node.test.ts',
    ]),
  },
})
export default config
