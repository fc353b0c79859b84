import { configDefaults, defineConfig } from 'vitest/config'
import { common } from './vitest.config.ts'

/** `npm run test:quick`: what needs no browser, no build and no packed package, and does not take long, for while one works. */
const config: ReturnType<typeof defineConfig> = defineConfig({
  test: {
    ...common,
    globalSetup: ['test/build-workers.ts'],
    exclude: [
      ...configDefaults.exclude,
      'test/{web,examples,package,bench,setups,docs,fuzz,evaluation}/**',
      'test/**/browser.test.ts',
      'test/cli/process.test.ts',
      'test/convert/{convert-checkpoints,loss,whole-or-nothing,strictness}.test.ts',
      'test/image/{reported,large-png,pillow}.test.ts',
      'test/backend/ort-{node,backend,thread-end}.test.ts',
      'test/hub/**/{url-folder-web,download-node}.test.ts',
    ],
  },
})
export default config
