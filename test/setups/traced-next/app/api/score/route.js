import { HpScorer } from 'icthp/node'

export const dynamic = 'force-dynamic'

export async function GET() {
  const hp = await HpScorer.fromPretrained(undefined, { device: 'cpu' })
  try {
    return Response.json({ hp: await hp.score('red-apple.jpg') })
  } finally {
    await hp.dispose()
  }
}
