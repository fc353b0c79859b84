// A server route of Nuxt: its output is moved away from the packages.
import { ask, checkScore, elsewhere, mustRun, withoutPackages } from './checks.mjs'

await checkScore(await mustRun(process.execPath, ['score.mjs']))
await mustRun(process.execPath, ['node_modules/nuxt/bin/nuxt.mjs', 'build'])
const folder = await elsewhere('.output')
await withoutPackages(async () =>
  checkScore(await ask(['.output/server/index.mjs'], '/api/score', { cwd: folder })),
)
