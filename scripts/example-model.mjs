// A small model with random weights, for `npm run example` and scripts/draw-ranking.mjs: made by the same conversion as a
// real one, in half a second, in .cache/ of this checkout. Its scores judge nothing.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
/** The command line as it is published. */
export const cli = join(root, 'dist/cli/icthp.js')

/** Makes it anew, and returns its folder. */
export async function makeExampleModel() {
  const { convertCheckpoints, writeRandomCheckpoint } = await import('icthp/convert').catch((error) => {
    if (error.code === 'ERR_MODULE_NOT_FOUND') throw new Error('icthp is not built yet. Run `npm run build` first.', { cause: error })
    throw error
  })
  const folder = join(root, '.cache/example')
  const [checkpoint, out] = [join(folder, 'random'), join(folder, 'models-out')]
  await rm(folder, { recursive: true, force: true })
  await writeRandomCheckpoint(checkpoint, { size: 'tiny', seed: 0 })
  await convertCheckpoints({
    ict: join(checkpoint, 'ICT'),
    hp: join(checkpoint, 'HP'),
    base: join(checkpoint, 'base'),
    out,
    origins: { ict: { repository: 'random/ICT' }, hp: { repository: 'random/HP' } },
  })
  return out
}
