// Scores a picture on the demo model that comes with icthp.
import { HpScorer, IctScorer } from 'icthp/node'

const hp = await HpScorer.fromPretrained(undefined, { device: 'cpu' })
const ict = await IctScorer.fromPretrained(undefined, { device: 'cpu' })
const scores = { hp: await hp.score('red-apple.jpg'), ict: await ict.score('red-apple.jpg', 'a red apple') }
await hp.dispose()
await ict.dispose()
console.log(JSON.stringify(scores))
