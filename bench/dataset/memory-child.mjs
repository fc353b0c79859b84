// Scores a dataset with a backend that costs nothing and the real decoder, and prints what memory that took, as JSON.
import { parseArgs } from 'node:util'
import { scoreDataset } from '../../dist/dataset.js'
import { HpScorer } from '../../dist/node.js'

const { values } = parseArgs({
  options: { source: { type: 'string' }, out: { type: 'string' }, model: { type: 'string' } },
})

/** Of the demo model. */
const DIM = 256

const backend = {
  name: 'fake',
  probe: async () => ({ device: 'cpu', notes: [] }),
  load: async () => ({
    run: async ({ pixel_values: { dims } }, { signal } = {}) => {
      await new Promise((resolve) => setImmediate(resolve))
      signal?.throwIfAborted()
      const float32 = (length, shape) => ({ dtype: 'float32', dims: shape, data: new Float32Array(length) })
      return { image_embeds: float32(dims[0] * DIM, [dims[0], DIM]), hp_logits: float32(dims[0], [dims[0]]) }
    },
    dispose: async () => {},
  }),
  dispose: async () => {},
}
const hp = await HpScorer.fromPretrained(values.model, { backend, selfTest: false, device: 'cpu' })
const before = process.memoryUsage.rss()
let peak = before
const curve = []
const watch = setInterval(() => {
  const rss = process.memoryUsage.rss()
  peak = Math.max(peak, rss)
  curve.push(rss)
}, 100)
const started = performance.now()
const { rows, failedRows, problems } = await scoreDataset([values.source], { out: values.out, hp })
clearInterval(watch)
await hp.dispose()
const seconds = (performance.now() - started) / 1000
// The second half beside the first: what grows shows here.
const most = (from, to) =>
  Math.max(...curve.slice(Math.floor(curve.length * from), Math.ceil(curve.length * to)))
process.stdout.write(
  JSON.stringify({
    rows,
    failedRows,
    problems: problems.length,
    before,
    peak,
    seconds,
    early: most(0.1, 0.5),
    late: most(0.5, 1),
  }),
)
