// A process that scores a dataset with fakes, which cost nothing: for killing. Its one argument says what and where, as JSON.
import { parseArgs } from 'node:util'
import { datasetWorker, scoreDataset } from '../../dist/dataset.js'
import { createFakeScorers } from '../../dist/testing.js'

const { values } = parseArgs({ options: { job: { type: 'string' } } })
const { sources, out, redis, silence, latency } = JSON.parse(values.job)

/** A picture is a text that ends in a number, which its score is made of. */
const numberOf = (image) => Number(/(\d+)\D*$/.exec(new TextDecoder().decode(image))?.[1])
const { hp } = createFakeScorers({
  hp: (image) => ((numberOf(image) % 997) + 1) / 1000,
  latency: { run: latency },
})

if (redis) await datasetWorker({ out, hp, redis, lock: silence, untilDone: true })
else await scoreDataset(sources, { out, hp, lease: silence })
