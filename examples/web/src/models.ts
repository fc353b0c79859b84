import { HpScorer, IctScorer, type Scores, sigmoid, type WebScorerOptions } from 'icthp/web'

/** What is kept of a picture once the towers have seen it. Every ranking, with any prompt, comes from this. */
export interface Encoded {
  readonly embeds: Float32Array
  readonly hpLogit: number
}

/** ICT and HP, loaded, and how often they were asked. */
export class Models {
  pictures = 0
  prompts = 0

  private constructor(
    readonly ict: IctScorer,
    readonly hp: HpScorer,
  ) {}

  static async load(url: string, options: WebScorerOptions): Promise<Models> {
    const ict = await IctScorer.fromPretrained(url, options)
    try {
      return new Models(ict, await HpScorer.fromPretrained(url, options))
    } catch (error) {
      await ict.dispose()
      throw error
    }
  }

  /** Decodes once for both. Throws `ImageError` for a picture that cannot be used. */
  async encode(picture: Blob, signal: AbortSignal): Promise<Encoded> {
    const crop = await this.ict.vision.crop(picture, { signal })
    const [embeds] = await this.ict.embedImages([crop], { signal })
    const [hpLogit] = await this.hp.logits([crop], { signal })
    this.pictures++
    return { embeds: embeds!, hpLogit: hpLogit! }
  }

  async embedPrompt(prompt: string, signal: AbortSignal): Promise<Float32Array> {
    const [embeds] = await this.ict.embedTexts([prompt], { signal })
    this.prompts++
    return embeds!
  }

  /** No tower runs here. */
  scores({ embeds, hpLogit }: Encoded, prompt: Float32Array | undefined): Scores {
    return { hpLogit, hp: sigmoid(hpLogit), ...(prompt ? { ict: this.ict.similarity(prompt, embeds) } : {}) }
  }

  async dispose(): Promise<void> {
    await Promise.all([this.ict.dispose(), this.hp.dispose()])
  }
}
