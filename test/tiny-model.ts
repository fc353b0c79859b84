import { join } from 'node:path'
import { convertCheckpoints } from '../src/convert/convert-checkpoints.ts'
import { writeRandomCheckpoint } from '../src/convert/random-checkpoint.ts'
import { once } from './once.ts'

/** The folder of a small ICT and HP with random weights, in float32. It is made once; who changes a model makes a copy. */
export async function tinyModel(): Promise<string> {
  const folder = await once('tiny-model', async (place) => {
    const from = (name: string): string => join(place, 'checkpoints', name)
    await writeRandomCheckpoint(join(place, 'checkpoints'))
    await convertCheckpoints({
      ict: from('ICT'),
      hp: from('HP'),
      base: from('base'),
      out: join(place, 'model'),
    })
  })
  return join(folder, 'model')
}
