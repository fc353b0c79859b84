import type { Context } from 'hono'
import type { ScorerDesk } from '../desk/scorer-desk.ts'

/** `GET /v1/models`: what is served, as OpenAI lists models, with what runs it. */
export function modelsRoute(desk: ScorerDesk): (c: Context) => Response {
  return (c) =>
    c.json({
      object: 'list',
      data: desk.known.all.map(({ name, label, takesPrompt, mix, scorers }) => {
        const head = {
          id: name,
          object: 'model',
          created: 0,
          owned_by: 'icthp',
          label,
          takes_prompt: takesPrompt,
        }
        if (mix) {
          const { combine, weights } = desk.known
          const of = scorers.map(({ kind }) => kind.name)
          return { ...head, of, combine, ...(combine === 'weighted' ? { weights } : {}) }
        }
        const [{ kind, info }] = scorers as [(typeof scorers)[number]]
        const { model, revision, device, dtype, backend, decoder } = info
        return { ...head, model, revision, range: kind.range, device, dtype, backend, decoder }
      }),
    })
}
