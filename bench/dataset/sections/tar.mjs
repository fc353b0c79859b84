import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../build.mjs'
import { drawnPictures } from '../../pictures.mjs'
import { median, ratios } from '../../statistics.mjs'
import { within } from '../within.mjs'
import { writeTar } from '../write-tar.mjs'

const { scoreDataset } = await import('../../../dist/dataset.js')

/** Images a second of a tar, beside those of the same files in a folder. */
export async function measure({ images, rounds, detail }) {
  return within(async (folder) => {
    const pictures = await drawnPictures()
    mkdirSync(join(folder, 'files'))
    for (let i = 0; i < images; i++)
      copyFileSync(pictures[i % pictures.length], join(folder, 'files', `${String(i).padStart(6, '0')}.jpg`))
    await writeTar(join(folder, 'shard.tar'), images, (i) => readFileSync(pictures[i % pictures.length]))
    const { HpScorer } = await import('../../../dist/node.js')
    const hp = await HpScorer.fromPretrained(join(root, 'models/demo'), { device: 'cpu' })
    const rates = { files: [], tar: [] }
    const rateOf = async (source, name) => {
      const started = performance.now()
      await scoreDataset([join(folder, source)], { out: join(folder, name), hp, shardSize: images })
      return images / ((performance.now() - started) / 1000)
    }
    await rateOf('files', 'warm')
    for (let round = 0; round < rounds; round++) {
      detail(`round ${round + 1} of ${rounds}`)
      // Turn about, so that a machine that slows down slows both.
      const order = round % 2 ? ['tar', 'files'] : ['files', 'tar']
      for (const kind of order)
        rates[kind].push(await rateOf(kind === 'tar' ? 'shard.tar' : 'files', `${kind}-${round}`))
    }
    await hp.dispose()
    const share = median(ratios(rates.tar, rates.files))
    const figure = `${share.toFixed(3)} (${median(rates.tar).toFixed(1)} of ${median(rates.files).toFixed(1)} images/s)`
    return [
      [
        `a shard of ${images} JPEGs from a tar, of the same files in a folder`,
        figure,
        '≥ 0.98',
        share >= 0.98,
      ],
    ]
  })
}
