// The same, without an await at the top, for bundles that are CommonJS.
import { HpScorer } from 'icthp/node'

async function main() {
  const hp = await HpScorer.fromPretrained(undefined, { device: 'cpu' })
  console.log(JSON.stringify({ hp: await hp.score('red-apple.jpg') }))
  await hp.dispose()
}
main().catch((error) => {
  console.error(error.code, error.message)
  process.exitCode = 1
})
