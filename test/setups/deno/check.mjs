// Deno runs it on npm's folder; it asks for what its sandbox must let pass.
import { checkScore, mustRun } from './checks.mjs'

await checkScore(
  await mustRun('node_modules/.bin/deno', ['run', '--allow-all', '--node-modules-dir=manual', 'score.mjs'], {
    env: { DENO_NO_UPDATE_CHECK: '1', DENO_DIR: '.deno' },
  }),
)
