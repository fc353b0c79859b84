import { HpScorer } from 'icthp/node'

export default defineEventHandler(async () => {
  const hp = await HpScorer.fromPretrained(undefined, { device: 'cpu' })
  try {
    return { hp: await hp.score('red-apple.jpg') }
  } finally {
    await hp.dispose()
  }
})
