/** Who wrote a prompt, or in whose way it is written. */
export type PromptFormat =
  | 'a1111'
  | 'caption'
  | 'civitai'
  | 'comfyui'
  | 'draw-things'
  | 'easy-diffusion'
  | 'fooocus'
  | 'fooocus-mre'
  | 'hf-space'
  | 'invokeai'
  | 'iptc-xmp'
  | 'kohya-sd-scripts'
  | 'midjourney'
  | 'novelai'
  | 'ruined-fooocus'
  | 'stability-matrix'
  | 'swarmui'
  | 'tensorart'

/** The prompt that a picture was made from, as its file tells it. */
export interface ImagePrompt {
  /** The positive prompt as it is stored, with its syntax; may be empty. */
  readonly prompt: string
  /** `null` where there is none, or it is empty. */
  readonly negative: string | null
  /** The positive prompt without weights, tags and scheduling, as a model that knows none of them should read it. */
  readonly plain: string
  readonly format: PromptFormat
  /** Where it lies, for example `PNG tEXt parameters` or `JPEG Exif UserComment`. */
  readonly where: string
}

/** A prompt before its syntax is taken off. */
export interface FoundPrompt {
  readonly prompt: string
  readonly negative?: string | null | undefined
  readonly format: PromptFormat
  readonly where: string
  /** Steps that the sampler took, where they are known: scheduling in the prompt counts in them. */
  readonly steps?: number | undefined
}

/**
 * Why there is no prompt: the file holds no text at all, or none that is a prompt; a text that was made while the picture
 * was, and not written down; something damaged or too large; or C2PA alone, which names no prompt.
 */
export type NoPromptReason = 'no-metadata' | 'no-prompt' | 'runtime-text' | 'damaged' | 'too-large' | 'c2pa'

/** A prompt, or why there is none. */
export type PromptSearch =
  | { readonly found: ImagePrompt; readonly reason?: undefined }
  | { readonly found?: undefined; readonly reason: NoPromptReason }
