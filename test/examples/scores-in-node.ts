import { pathToFileURL } from 'node:url'
import { root } from '../package/pages.ts'

interface Built {
  readonly IctScorer: { fromPretrained(source: string, options: object): Promise<IctLike> }
  readonly HpScorer: { fromPretrained(source: string, options: object): Promise<HpLike> }
}
interface IctLike extends AsyncDisposable {
  score(images: readonly string[], prompt: string): Promise<number[]>
}
interface HpLike extends AsyncDisposable {
  score(images: readonly string[]): Promise<number[]>
}

/** What the built icthp/node says of the same files: what a page must show, too. */
export async function scoresInNode(
  model: string,
  images: readonly string[],
  prompt: string,
): Promise<{ ict: number; hp: number }[]> {
  const { IctScorer, HpScorer } = (await import(pathToFileURL(`${root}dist/node.js`).href)) as Built
  const [ict, hp] = [
    await IctScorer.fromPretrained(model, { device: 'cpu' }),
    await HpScorer.fromPretrained(model, { device: 'cpu' }),
  ]
  try {
    const [icts, hps] = [await ict.score(images, prompt), await hp.score(images)]
    return images.map((_, i) => ({ ict: icts[i]!, hp: hps[i]! }))
  } finally {
    await Promise.all([ict[Symbol.asyncDispose](), hp[Symbol.asyncDispose]()])
  }
}
