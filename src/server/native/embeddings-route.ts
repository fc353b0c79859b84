import type { Context } from 'hono'
import { encodeBase64 } from '../../base/bytes/encode-base64.ts'
import { IcthpError } from '../../base/errors.ts'
import type { Embedding, ScorerDesk } from '../desk/scorer-desk.ts'
import { errorBody } from '../http/error-answer.ts'
import { invalid } from '../http/fields.ts'
import { bodyIsRead } from '../http/limit-body.ts'
import { readFields } from '../http/read-fields.ts'
import type { SentTexts } from '../http/sent-texts.ts'
import { isPictureText, takePictures } from '../http/take-pictures.ts'
import { modelAsked } from './model-asked.ts'
import type { NativeOptions } from './native-context.ts'

/**
 * `POST /v1/embeddings`, as OpenAI and Infinity have it: texts, or images as data URIs. ICT's are L2-normalised, HP's as the
 * tower gives them. An image that cannot be read has `"embedding": null` and its error.
 */
export function embeddingsRoute({ desk, fetchPicture }: NativeOptions): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal } = c.req.raw
    const fields = await readFields(c)
    const input = fields.sentTexts('input', { single: true })
    if (!input || input.length === 0)
      throw invalid('There is no input. Send a text, a data URI, or a list of them.')
    desk.limits.checkCount(input.length)
    const modality = fields.oneOf('modality', ['image', 'text']) ?? modalityOf(input, fields.sent)
    const format = fields.oneOf('encoding_format', ['float', 'base64']) ?? 'float'
    const reader = desk.known.scorers.find(({ kind }) => kind.takesPrompt) ?? desk.known.scorers[0]!
    const { name: reward } = modelAsked(desk, fields.text('model')) ?? reader.kind
    const pictures =
      modality === 'image' ? await takePictures(input, { sent: fields.sent, fetchPicture, signal }) : []
    bodyIsRead(c)
    const embeddings =
      modality === 'text'
        ? await desk.embedTexts(reward, fields.texts('input', { single: true })!, { signal })
        : await embedSent(
            desk,
            reward,
            pictures.map(({ image }) => image),
            signal,
          )
    return c.json({
      object: 'list',
      data: embeddings.map((embedding, index) => dataOf(embedding, index, format)),
      model: desk.known.named(reward).scorers[0]!.info.model,
      // Nobody is billed here.
      usage: { prompt_tokens: 0, total_tokens: 0 },
    })
  }
}

/** Where it is not said: images where all look so, else texts. */
function modalityOf(input: readonly string[], sent: SentTexts): 'image' | 'text' {
  const images = input.filter((each) => isPictureText(sent.head(each))).length
  if (images === input.length) return 'image'
  if (images === 0) return 'text'
  throw invalid('input holds both images and texts. Send them apart, or say which they are with `modality`.')
}

async function embedSent(
  desk: ScorerDesk,
  reward: string,
  images: readonly (Uint8Array | IcthpError)[],
  signal: AbortSignal,
): Promise<Embedding[]> {
  const read = images.filter((image): image is Uint8Array => !(image instanceof IcthpError))
  const embedded = await desk.embedImages(reward, read, { signal })
  let next = 0
  return images.map((image) => (image instanceof IcthpError ? image : embedded[next++]!))
}

function dataOf(embedding: Embedding, index: number, format: 'float' | 'base64'): object {
  const head = { object: 'embedding', index }
  if (embedding instanceof IcthpError) return { ...head, embedding: null, ...errorBody(embedding) }
  return { ...head, embedding: format === 'float' ? [...embedding] : base64Of(embedding) }
}

/** Little-endian float32, whatever the machine's own order. */
function base64Of(values: Float32Array): string {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((value, i) => view.setFloat32(4 * i, value, true))
  return encodeBase64(bytes)
}
