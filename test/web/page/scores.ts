import {
  type Device,
  HpScorer,
  IcthpError,
  IctScorer,
  rankImages,
  type Ranking,
  type ScorerInfo,
  type WebScorerOptions,
} from '../../../src/web.ts'

export interface ScoreRequest {
  readonly model: string
  readonly device: Device
  readonly worker?: boolean
  readonly threads?: number
  readonly images: readonly string[]
  readonly prompts: readonly string[]
}

export interface Scored {
  readonly ict: number[][]
  readonly hp: number[]
  readonly infos: ScorerInfo[]
}

type Loaded = { readonly ict: IctScorer; readonly hp: HpScorer }
let loaded: Loaded | undefined

export const scoreTests = {
  async score({ model, images, prompts, ...options }: ScoreRequest): Promise<Scored> {
    const ict = await IctScorer.fromPretrained(model, options)
    const hp = await HpScorer.fromPretrained(model, options)
    try {
      return {
        ict: await ict.matrix(images, prompts),
        hp: await hp.score(images),
        infos: [ict.info, hp.info],
      }
    } finally {
      await ict.dispose()
      await hp.dispose()
    }
  },

  /** As React's StrictMode mounts: loads, gives up after so many ms, and loads again at once, before the first has ended. */
  async scoreOnSecondThought(
    { model, images, prompts: _prompts, ...options }: ScoreRequest,
    after: number,
  ): Promise<{ first: string; hp: number[] }> {
    const controller = new AbortController()
    const first = HpScorer.fromPretrained(model, { ...options, signal: controller.signal }).then(
      () => 'loaded',
      (error: Error) => error.name,
    )
    await new Promise((resolve) => setTimeout(resolve, after))
    controller.abort()
    await using hp = await HpScorer.fromPretrained(model, options)
    return { first: await first, hp: await hp.score(images) }
  },

  async rank({ model, images, prompts, ...options }: ScoreRequest): Promise<Ranking> {
    await using ict = await IctScorer.fromPretrained(model, options)
    await using hp = await HpScorer.fromPretrained(model, options)
    return rankImages(images, { ict, hp, prompt: prompts[0]! })
  },

  /** Loads, and says how it failed. */
  async loadFailure(
    model: string,
    options: WebScorerOptions,
  ): Promise<{ name: string; code: string; message: string } | 'loaded'> {
    try {
      const hp = await HpScorer.fromPretrained(model, options)
      await hp.dispose()
      return 'loaded'
    } catch (error) {
      const { name, message } = error as Error
      return { name, message, code: error instanceof IcthpError ? error.code : '' }
    }
  },

  async load(model: string, options: WebScorerOptions): Promise<ScorerInfo> {
    loaded = {
      ict: await IctScorer.fromPretrained(model, options),
      hp: await HpScorer.fromPretrained(model, options),
    }
    return loaded.ict.info
  },

  /** How the page fares while ten images are ranked: the longest it stood still, in ms, and for how long all took. */
  async rankWhileAnimating(
    images: readonly string[],
    prompt: string,
  ): Promise<{ longest: number; frames: number; took: number }> {
    let longest = 0
    let frames = 0
    let last = performance.now()
    let running = true
    const frame = (): void => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
      frames++
      if (running) setTimeout(frame, 4)
    }
    frame()
    const start = performance.now()
    await rankImages(images, { ...loaded!, prompt })
    const took = performance.now() - start
    running = false
    return { longest, frames, took }
  },

  /** Rejections of a call that is cancelled, of one that is under way at `dispose`, and of one after. */
  async endings(images: readonly string[]): Promise<Record<string, string>> {
    const { ict, hp } = loaded!
    const code = async (promise: Promise<unknown>): Promise<string> => {
      try {
        await promise
        return 'fulfilled'
      } catch (error) {
        return error instanceof IcthpError ? error.code : (error as Error).name
      }
    }
    const controller = new AbortController()
    const aborted = code(hp.score(images, { signal: controller.signal }))
    setTimeout(() => controller.abort(), 20)
    const answers: Record<string, string> = { aborted: await aborted }
    answers['goes on'] = await code(hp.score(images.slice(0, 1)))
    const running = code(hp.score(images))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await Promise.all([hp.dispose(), hp.dispose(), ict.dispose()])
    answers['running'] = await running
    answers['after'] = await code(hp.score(images))
    return answers
  },
}
