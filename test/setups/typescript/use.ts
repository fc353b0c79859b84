import * as core from 'icthp'
import { convertCheckpoints } from 'icthp/convert'
import { HpScorer, IctScorer, preprocess, rankImages } from 'icthp/node'
import { OrtBackend } from 'icthp/ort'
import * as testing from 'icthp/testing'
import { HpScorer as WebHp } from 'icthp/web'

export async function main(): Promise<number> {
  const hp = await HpScorer.fromPretrained('./models-out')
  const ict = await IctScorer.fromPretrained('./models-out')
  const scores: number[] = await hp.score(['a.png'])
  const [embedding] = await ict.embedImages(['a.png'])
  const plain: Float32Array = embedding!
  const { results } = await rankImages(['a.png'], { hp, ict, prompt: 'x' })
  const { data } = await preprocess('a.png')
  void [convertCheckpoints, testing, OrtBackend, WebHp, core, plain, data]
  return (results[0]?.score ?? 0) + scores[0]!
}
