import { HpScorer } from 'icthp/node'

export default defineEventHandler(async () => {
  const hp = await HpScorer.fromPretrained(undefined, { device: 'cpu' })
  const score = await hp.score('red-apple.jpg')
  await hp.dispose()
  return { hp: score }
})
