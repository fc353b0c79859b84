// In one file icthp cannot work, and says what to do; left external, it does.
import { bundlers } from './bundlers.mjs'
import { check, checkScore, elsewhere, mustRun, run, withoutPackages } from './checks.mjs'

await checkScore(await mustRun(process.execPath, ['score.mjs']))
for (const [name, { extension, bundle }] of Object.entries(bundlers)) {
  const whole = `whole-${name}.${extension === 'mjs' && /pack/.test(name) ? 'cjs' : extension}`
  await bundle(whole, false)
  const folder = await elsewhere(whole)
  const saysSo = ({ code, output }) =>
    check(code === 1 && /runtime_missing .* Mark icthp as external/.test(output), `${name} says:\n${output}`)
  saysSo(await withoutPackages(() => run(process.execPath, [whole], { cwd: folder })))
  // Beside the packages, a bundle that knows where its modules were scores; the others say the same.
  const beside = await run(process.execPath, [whole])
  if (beside.code === 0) await checkScore(beside.output)
  else saysSo(beside)

  const apart = `apart-${name}.${extension}`
  await bundle(apart, true)
  await checkScore(await mustRun(process.execPath, [apart]))
}
