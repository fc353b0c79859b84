// A server route, with Turbopack and no configuration; then as a standalone folder that is moved.
import { cp, rm } from 'node:fs/promises'
import { ask, checkScore, elsewhere, mustRun, withoutPackages } from './checks.mjs'

const next = 'node_modules/next/dist/bin/next'
await mustRun(process.execPath, [next, 'build'])
await checkScore(await ask([next, 'start', '-H', '127.0.0.1', '-p', 'PORT'], '/api/score'))

// With webpack, too.
await rm('.next', { recursive: true })
await mustRun(process.execPath, [next, 'build', '--webpack'])
await checkScore(await ask([next, 'start', '-H', '127.0.0.1', '-p', 'PORT'], '/api/score'))

await rm('.next', { recursive: true })
await cp('standalone.config.mjs', 'next.config.mjs')
await mustRun(process.execPath, [next, 'build'])
const folder = await elsewhere('.next/standalone')
await cp('red-apple.jpg', `${folder}/.next/standalone/red-apple.jpg`)
await withoutPackages(async () =>
  checkScore(await ask(['server.js'], '/api/score', { cwd: `${folder}/.next/standalone` })),
)
