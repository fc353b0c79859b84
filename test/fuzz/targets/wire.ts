import { trainerRoutes } from '../../../src/server/trainers/trainer-routes.ts'
import { HashDesk } from '../../server/trainers/hash-desk.ts'
import { readAnswer } from '../../server/trainers/read-answer.ts'
import { requestOf, wireBodies } from '../../server/trainers/wire-bodies.ts'
import type { FuzzTarget } from '../fuzz.ts'
import type { Random } from '../mutate.ts'

const desk = new HashDesk()
const app = trainerRoutes(desk, { pickle: true })

/** Without the one of 1500 images: its mutants say nothing new, slowly. */
const bodies = new Map(
  wireBodies.filter(({ name }) => name !== 'two-batches').map((body) => [body.name, body]),
)
const paths = [...new Set([...bodies.values()].map(({ path }) => path)), '/', '/ict/compute', '/hp/score/']

/** Whatever comes, a trainer gets one score an image or is told what is wrong with what it sent; nothing is a 5xx. */
export const wire: FuzzTarget = {
  name: 'wire',
  corpus: [...bodies.values()].map(({ name, body }) => [name, body] as const),
  async run(mutant, name, next) {
    const body = bodies.get(name)!
    const path = next(8) === 0 ? paths[next(paths.length)]! : body.path
    const structural = body.contentType === 'application/json' && next(2) === 0
    desk.asked.length = 0
    const response = await app.request(
      requestOf({ ...body, path, body: structural ? misshapen(body.body, next) : mutant }),
    )
    const { scores, outputs, rewards, results, errors, error, code } = await readAnswer(response)
    const asked = desk.asked.reduce((sum, { items }) => sum + items.length, 0)
    if (response.status !== 200) {
      if (![400, 413, 422].includes(response.status)) throw new Error(`status ${response.status}: ${error}`)
      if (!error || !code) throw new Error(`status ${response.status} without an error`)
      if (response.status !== 422 && asked > 0) throw new Error('it was refused, and asked for')
      return `${response.status} ${code}`
    }
    if (error !== undefined) return rewards ? fail('an error with rewards') : 'error'
    const numbers = results?.flatMap((each) => Object.values(each)).flatMap((sub) => Object.values(sub))
    for (const number of numbers ?? scores ?? rewards ?? fail('no answer'))
      if (!Number.isFinite(number)) throw new Error(`a score of ${number}`)
    if (results && results.length !== errors!.length) throw new Error('results and errors differ in length')
    if (scores && (scores.length !== asked || outputs!.length !== asked))
      throw new Error('scores are missing')
    if (rewards && rewards.length !== asked) throw new Error('rewards are missing')
    return 'scored'
  },
}

function fail(message: string): never {
  throw new Error(message)
}

const ODD: readonly unknown[] = [
  ...[null, true, 0, -1, 1e300, '', '\0', '\u00000', '=', 'é', '\ud800'],
  ...[[], {}, [null], [[]], { length: 3 }, { toString: 1 }, 'A'.repeat(2000), 'ict', 'constructor'],
]

/** A JSON body with one of its values, somewhere, made another. */
function misshapen(body: Uint8Array, next: Random): Uint8Array<ArrayBuffer> {
  const root = { value: JSON.parse(new TextDecoder().decode(body)) as unknown }
  let holder = root as Record<string, unknown>
  let key = 'value'
  for (
    let value = holder[key];
    value !== null && typeof value === 'object' && next(5) > 0;
    value = holder[key]
  ) {
    const keys = Object.keys(value)
    if (keys.length === 0) break
    holder = value as Record<string, unknown>
    key = keys[next(keys.length)]!
  }
  if (next(4) === 0) delete holder[key]
  else holder[key] = ODD[next(ODD.length)]
  return new TextEncoder().encode(JSON.stringify(root.value) ?? 'null')
}
