// Bun runs it as Node does; its bundles need icthp beside them.
import { check, checkScore, mustRun, run } from './checks.mjs'

const bun = 'node_modules/.bin/bun'
await checkScore(await mustRun(bun, ['score.mjs']))

const bundle = (...flags) =>
  mustRun(bun, ['build', 'score-once.js', '--target=bun', '--outfile=bundle.mjs', ...flags])
await bundle('--external', 'icthp')
await checkScore(await mustRun(bun, ['bundle.mjs']))
await bundle()
const { code, output } = await run(bun, ['bundle.mjs'])
check(code !== 0 && /runtime_missing.*external/s.test(output), `a bundle of all said:\n${output}`)
