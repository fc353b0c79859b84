// What @vercel/nft traces (as Vercel, Nitro and others do) is all that runs elsewhere.
import { cp, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { nodeFileTrace } from '@vercel/nft'
import { checkScore, elsewhere, mustRun } from './checks.mjs'

const { fileList } = await nodeFileTrace(['score.mjs'])
const folder = await elsewhere()
for (const file of fileList) {
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await cp(file, join(folder, file))
}
await checkScore(await mustRun(process.execPath, ['score.mjs'], { cwd: folder }))
