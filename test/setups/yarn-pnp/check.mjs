// Yarn's Plug'n'Play: packages stay in zip files, but for those that ask to be unplugged.
import { check, mustRun } from './checks.mjs'

const output = await mustRun('npx', [
  '--yes',
  '--package=@yarnpkg/cli-dist@4.18.1',
  'yarn',
  'node',
  'score.mjs',
])
check(/"hp":0\.9/.test(output), output)
