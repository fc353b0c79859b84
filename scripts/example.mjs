// `npm run example`: scores and ranks examples/images with the real command line, on a small model with random weights.
import { spawnSync } from 'node:child_process'
import { relative } from 'node:path'
import { cli, makeExampleModel, root } from './example-model.mjs'

const label = 'Random weights: not a judge of quality. Run `npx icthp pull` for the official models.'
let model
try {
  model = relative(root, await makeExampleModel())
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
const args = ['rank', 'examples/images', '--model', model, '--prompt', 'two red apples on a table']
console.error(`${label}\n\n$ npx icthp ${args.map((arg) => (arg.includes(' ') ? JSON.stringify(arg) : arg)).join(' ')}\n`)
// Its table goes to this process's stdout, its notes to stderr; more options may follow: npm run example -- --top 3 --json
const { status } = spawnSync(process.execPath, [cli, ...args, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
console.error(`\n${label}`)
process.exit(status ?? 1)
