import { ImageError } from '../../base/errors.ts'
import { giveAway } from '../../base/memory/given-away.ts'
import { nameImageError } from '../../image/image-errors.ts'
import { openImageInput } from '../../image/inputs/image-input-node.ts'
import { readImageFile } from '../../image/pool/image-job-node.ts'
import { findPrompt } from '../../prompts/find-prompt.ts'
import { plainPrompt } from '../../prompts/plain/plain-prompt.ts'
import { promptOfName } from '../../prompts/prompt-of-name.ts'
import type { DatasetSettings } from '../plan/settings.ts'
import type { Sample } from '../sources/shard.ts'

/** Bytes and milliseconds that an image on the web may take. */
const FETCH = { maxBytes: 2 ** 28, timeoutMs: 60_000 }

/** Of memory that holds nothing else: a row group's images share theirs. */
const isAlone = (source: unknown): source is Uint8Array<ArrayBuffer> =>
  source instanceof Uint8Array &&
  source.byteLength > 0 &&
  source.buffer instanceof ArrayBuffer &&
  source.buffer.byteLength === source.byteLength

/** An image of a shard on its way through the towers: fetched when its crop is due, and forgotten after it. */
export class SampleImage {
  /** Known once it is cropped; undefined where no prompt is asked for. */
  prompt: string | undefined
  #bytes: Promise<Uint8Array> | undefined

  constructor(
    readonly sample: Sample,
    private readonly settings: Pick<DatasetSettings, 'prompt' | 'promptFrom' | 'plain'>,
    private readonly asksPrompt: boolean,
  ) {}

  get key(): string {
    return this.sample.key
  }

  /** The file's bytes. Throws `ImageError` and `DatasetError`. */
  bytes(signal?: AbortSignal): Promise<Uint8Array> {
    return (this.#bytes ??= readBytes(this.sample.image, signal))
  }

  /**
   * For the decoder: a file that nobody else reads is read by the thread that decodes it. `last`: nobody asks for the bytes after
   * this, so they are moved to that thread.
   */
  async source(signal: AbortSignal | undefined, last: boolean): Promise<Uint8Array | string | URL> {
    const { image } = this.sample
    const source = this.#bytes || typeof image === 'function' ? await this.bytes(signal) : image
    return last && isAlone(source) ? giveAway(source) : source
  }

  /** Finds the prompt. Throws `ImageError` `image_no_prompt`. */
  async findPrompt(signal?: AbortSignal): Promise<void> {
    if (!this.asksPrompt || this.prompt !== undefined) return
    const found = await this.#find(signal)
    if (found !== undefined && found.trim() !== '') this.prompt = found
    else throw noPrompt(this.settings.promptFrom)
  }

  async #find(signal: AbortSignal | undefined): Promise<string | undefined> {
    const { prompt, promptFrom, plain } = this.settings
    const asked = (text: string | undefined): string | undefined =>
      text !== undefined && plain ? plainPrompt(text) : text
    if (prompt !== undefined) return asked(prompt)
    if (promptFrom === 'row') return asked(this.sample.prompt)
    const found =
      promptFrom === 'name'
        ? promptOfName(this.key)
        : (await findPrompt(await this.bytes(signal), { name: this.key })).found
    return plain ? found?.plain : found?.prompt
  }

  /** The picture is in its crops now. */
  forget(): void {
    this.#bytes = undefined
  }
}

async function readBytes(image: Sample['image'], signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (typeof image === 'function') return image()
  const opened = openImageInput(image)
  try {
    const { source } = await opened.read({ ...FETCH, signal })
    if ('path' in source) return await readImageFile(source.path, signal)
    return 'bytes' in source ? source.bytes : new Uint8Array()
  } catch (error) {
    throw opened.name === undefined ? error : nameImageError(error, opened.name)
  }
}

const WHERE = {
  row: 'Nothing beside it is its prompt: a caption column, a .txt or .json of its name.',
  metadata: 'Its file holds no prompt.',
  name: 'Its name holds no prompt.',
}

const noPrompt = (place: keyof typeof WHERE | undefined): ImageError =>
  new ImageError('image_no_prompt', `${WHERE[place ?? 'row']} Give one with --prompt, or leave it out.`)
