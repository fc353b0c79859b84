// pnpm 12, which ends with 1 where a build script is neither allowed nor refused.
import { check, mustRun } from './checks.mjs'

check(/"hp":0\.9/.test(await mustRun(process.execPath, ['score.mjs'])), 'no score')
