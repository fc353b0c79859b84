// `npm run fuzz`: mutants of the repository's fixtures through decoders, tokenizer and checkpoint reader (test/fuzz), for as
// long as one likes. What is found is printed with what makes it again, and kept in .cache/fuzz.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const usage =
  'npm run fuzz -- [--target images|sniffing|texts|decoding|checkpoints|pickles|prompts|wire] [--seconds 60] [--seed 1] [--mutant NUMBER]'
const text = { type: 'string' }
const { values } = parseArgs({
  options: { target: text, seconds: text, seed: text, mutant: text, help: { type: 'boolean' } },
})
if (values.help) {
  console.log(
    `${usage}\n  --target  one of them; else all, the seconds shared out\n  --mutant  only this one`,
  )
  process.exit()
}
const number = (name, fallback) => {
  const value = values[name] ?? fallback
  if (value !== undefined && !/^\d+(\.\d+)?$/.test(value)) {
    console.error(`--${name} takes a number. ${usage}`)
    process.exit(2)
  }
  return value ?? ''
}
if (
  values.target &&
  !['images', 'sniffing', 'texts', 'decoding', 'checkpoints', 'pickles', 'prompts', 'wire'].includes(
    values.target,
  )
) {
  console.error(`There is no target ${values.target}. ${usage}`)
  process.exit(2)
}

const root = fileURLToPath(new URL('..', import.meta.url))
const env = {
  ...process.env,
  FUZZ_TARGET: values.target ?? '',
  FUZZ_SECONDS: number('seconds', '60'),
  FUZZ_SEED: number('seed', '1'),
  FUZZ_MUTANT: number('mutant'),
  FUZZ_KEEP: `${root}.cache/fuzz`,
}
const args = [`${root}node_modules/vitest/vitest.mjs`, 'run', 'test/fuzz', '-t', 'mutants of']
process.exitCode = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1
