import type { Context } from 'hono'
import type { IcthpError } from '../../base/errors.ts'
import { show } from '../../base/errors.ts'
import { COMBINATION } from '../desk/known-rewards.ts'
import { errorBody } from '../http/error-answer.ts'
import { type Fields, invalid } from '../http/fields.ts'
import { bodyIsRead } from '../http/limit-body.ts'
import { readFields } from '../http/read-fields.ts'
import type { SentTexts } from '../http/sent-texts.ts'
import { isPictureText, type SentPicture, takePictures } from '../http/take-pictures.ts'
import { modelAsked } from './model-asked.ts'
import type { NativeOptions } from './native-context.ts'
import { scoreSent } from './score-sent.ts'

/**
 * `POST /v1/rerank`, as Jina, LiteLLM and vLLM have it: documents that are images, best first. What could not be scored is in
 * `errors`, by its index, and in no place of the order.
 */
export function rerankRoute({ desk, fetchPicture }: NativeOptions): (c: Context) => Promise<Response> {
  return async (c) => {
    const { signal } = c.req.raw
    const fields = await readFields(c)
    const documents = fields.list('documents')
    if (!documents || documents.length === 0) throw invalid('There are no documents. Send a list of images.')
    desk.limits.checkCount(documents.length)
    const query = queryOf(fields)
    const top = fields.whole('top_n') ?? documents.length
    const back = fields.flag('return_documents')
    const usual = desk.rewards.find(({ name }) => name === COMBINATION) ?? desk.rewards[0]!
    const reward = modelAsked(desk, fields.text('model')) ?? usual
    const pictures = await takeDocuments(documents, fields.sent, (list) =>
      takePictures(list, { sent: fields.sent, fetchPicture, signal }),
    )
    bodyIsRead(c)
    const items = pictures.map((picture) => ({ picture, prompt: query }))
    const outcomes = await scoreSent(desk, [reward.name], items, signal)
    const scored = outcomes.flatMap((outcome, index) =>
      'error' in outcome ? [] : [{ index, relevance_score: outcome.scores[reward.name]! }],
    )
    const errors = outcomes.flatMap((outcome, index) =>
      'error' in outcome ? [{ index, ...errorBody(outcome.error) }] : [],
    )
    const best = scored
      .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
      .slice(0, top)
    return c.json({
      model: reward.name,
      results: best.map((result) => ({
        ...result,
        ...(back ? { document: asDocument(documents[result.index], fields.sent) } : {}),
      })),
      ...(errors.length > 0 ? { errors } : {}),
      // Nobody is billed here.
      usage: { total_tokens: 0 },
    })
  }
}

function queryOf(fields: Fields): string {
  const queries = fields.list('query', { single: true }) ?? []
  if (queries.length > 1)
    throw invalid(`query must be one text, not ${queries.length}: send a request for each.`)
  const [given] = queries
  const text = fields.sent.text(given) ?? fields.sent.text((given as { text?: unknown } | undefined)?.text)
  if (text !== undefined) return text
  throw invalid(`query must be text, not ${show(given)}: images are ordered by a prompt.`)
}

/** Texts among the documents stand in their places as what cannot be scored. */
async function takeDocuments(
  documents: readonly unknown[],
  sent: SentTexts,
  take: (list: readonly unknown[]) => Promise<SentPicture[]>,
): Promise<SentPicture[]> {
  const isText = documents.map((document) => {
    if (typeof document === 'string') return !isPictureText(sent.head(document))
    const { text, image, url } = (document ?? {}) as Record<string, unknown>
    return typeof text === 'string' && image === undefined && url === undefined
  })
  const taken = await take(documents.filter((_, i) => !isText[i]))
  let next = 0
  return isText.map((text) => (text ? { image: noPicture() } : taken[next++]!))
}

const noPicture = (): IcthpError =>
  invalid('This document is text; this server scores images. Send { "image": "data:image/…;base64,…" }.')

/** As it was sent, a text as the object that it is short for. */
function asDocument(document: unknown, sent: SentTexts): unknown {
  if (typeof document === 'string') return { image: sent.text(document) }
  return Object.fromEntries(
    Object.entries(document as object).map(([name, value]) => [name, sent.text(value) ?? (value as unknown)]),
  )
}
