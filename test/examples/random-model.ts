import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from '../package/pages.ts'

interface Built {
  writeRandomCheckpoint(folder: string, options: { size: 'tiny'; seed: number }): Promise<unknown>
  convertCheckpoints(options: { ict: string; hp: string; base: string; out: string }): Promise<unknown>
}

/** The smallest model that icthp/convert makes, in float32, with random weights. Returns its folder. */
export async function makeRandomModel(folder: string): Promise<string> {
  const { writeRandomCheckpoint, convertCheckpoints } = (await import(
    pathToFileURL(`${root}dist/convert.js`).href
  )) as Built
  const [checkpoint, out] = [join(folder, 'random'), join(folder, 'models-out')]
  await writeRandomCheckpoint(checkpoint, { size: 'tiny', seed: 0 })
  await convertCheckpoints({
    ict: join(checkpoint, 'ICT'),
    hp: join(checkpoint, 'HP'),
    base: join(checkpoint, 'base'),
    out,
  })
  return out
}
