// `npm link icthp`: it lies in a folder of its own, and what it runs on here.
import { mkdir, mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, mustRun } from './checks.mjs'

const away = await mkdtemp(join(tmpdir(), 'icthp-linked-'))
await mustRun('npm', ['install', '--no-audit', '--no-fund', process.env.ICTHP_TARBALL], { cwd: away })
await mkdir('node_modules', { recursive: true })
await symlink(join(away, 'node_modules/icthp'), 'node_modules/icthp')
check(/"hp":0\.9/.test(await mustRun(process.execPath, ['score.mjs'])), 'no score')
