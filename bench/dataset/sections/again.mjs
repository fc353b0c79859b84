import { join } from 'node:path'
import { writeShards } from '../kill.mjs'
import { within } from '../within.mjs'

const { scoreDataset } = await import('../../../dist/dataset.js')

/** How long a run takes that has nothing to do. */
export async function measure({ shards }) {
  return within(async (folder) => {
    const [source, out] = [join(folder, 'in'), join(folder, 'out')]
    await writeShards(source, shards, 2)
    const { createFakeScorers } = await import('../../../dist/testing.js')
    const { hp } = createFakeScorers()
    await scoreDataset([source], { out, hp })
    const started = performance.now()
    const { scored } = await scoreDataset([source], { out, hp })
    const seconds = (performance.now() - started) / 1000
    return [
      [
        `second run over ${shards} shards that are done`,
        `${seconds.toFixed(2)} s, ${scored} scored`,
        '< 2 s',
        seconds < 2 && scored === 0,
      ],
    ]
  })
}
