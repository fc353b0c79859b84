import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { BackendError, ImageError, RequestError } from '../../../src/base/errors.ts'
import { trainerRoutes } from '../../../src/server/trainers/trainer-routes.ts'
import { HashDesk, hashScore } from './hash-desk.ts'
import { type Answer, readAnswer } from './read-answer.ts'
import { bodyNamed, requestOf, wireBodies, type WireBody } from './wire-bodies.ts'

function served(options: { pickle?: boolean; desk?: HashDesk } = {}): {
  desk: HashDesk
  failures: unknown[]
  send: (body: WireBody) => Promise<{ response: Response; answer: Answer }>
} {
  const { pickle = true, desk = new HashDesk() } = options
  const failures: unknown[] = []
  const app = new Hono().route('/', trainerRoutes(desk, { pickle, onError: (error) => failures.push(error) }))
  const send = async (body: WireBody): Promise<{ response: Response; answer: Answer }> => {
    const response = await app.request(requestOf(body))
    return { response, answer: await readAnswer(response) }
  }
  return { desk, failures, send }
}

const json = (path: string, value: unknown): WireBody => ({
  ...{ name: 'json', images: [], prompts: null, path, contentType: 'application/json' },
  body: new TextEncoder().encode(JSON.stringify(value)),
})
const base64 = (image: Uint8Array): string => Buffer.from(image).toString('base64')
const pickles = wireBodies.filter(
  ({ name, contentType }) => contentType !== 'application/json' && !name.includes('unirl'),
)
const scored = pickles.filter(({ refused }) => !refused)
const [red, green] = bodyNamed('unirl').images as [Uint8Array, Uint8Array]

describe('what trainers send', () => {
  test.each(scored.map((body) => [body.name, body] as const))('%s is scored', async (_, body) => {
    const { desk, send } = served()
    const { response, answer } = await send(body)
    const reward = body.path.replaceAll('/', '')
    const expected = body.images.map((image, i) => hashScore(reward, image, body.prompts?.[i]))
    expect(response.status).toBe(200)
    expect(answer).toEqual({ scores: expected, outputs: expected })
    expect(desk.asked.map(({ rewards }) => rewards)).toEqual(expected.length > 0 ? [[reward]] : [])
  })

  test('UniRL: the last turn is scored, and each reward has one sub-score', async () => {
    const { desk, send } = served()
    const body = bodyNamed('unirl')
    const { response, answer } = await send(body)
    const score = (reward: string, i: number): number => hashScore(reward, body.images[i]!, body.prompts![i])
    expect(response.status).toBe(200)
    expect(answer).toEqual({
      results: body.images.map((_, i) => ({ ict: { ict: score('ict', i) }, hp: { hp: score('hp', i) } })),
      errors: [{}, {}, {}],
    })
    expect(desk.asked).toHaveLength(1)
  })

  test('UniRL: requests that ask for other rewards are asked for apart', async () => {
    const { desk, send } = served()
    const turn = (image: Uint8Array): object => ({ text: 'a', image_b64: base64(image) })
    const requests = [
      { history: [turn(red)], required_rewards: ['hp', 'ict', 'hp'] },
      { history: [turn(green)], required_rewards: ['icthp'] },
      { history: [turn(green)], required_rewards: ['ict', 'hp'] },
      { history: [turn(green)], required_rewards: [] },
    ]
    const { answer } = await send(json('/score', { requests }))
    expect(answer.results!.map((result) => Object.keys(result).sort())).toEqual([
      ['hp', 'ict'],
      ['icthp'],
      ['hp', 'ict'],
      [],
    ])
    expect(answer.results![2]).toEqual({
      ict: { ict: hashScore('ict', green, 'a') },
      hp: { hp: hashScore('hp', green) },
    })
    expect(desk.asked.map(({ rewards, items }) => [rewards, items.length])).toEqual([
      [['hp', 'ict'], 2],
      [['icthp'], 1],
    ])
  })

  test('UniRL: no requests, no results', async () => {
    const { desk, send } = served()
    expect((await send(json('/score', { requests: [] }))).answer).toEqual({ results: [], errors: [] })
    expect(desk.asked).toEqual([])
  })

  test.each(['', '/ict', '/hp', '/icthp'])('Flow-Factory: POST %s/compute', async (base) => {
    const { send } = served()
    const body = { ...bodyNamed('flow-factory'), path: `${base}/compute` }
    const { response, answer } = await send(body)
    const reward = base.slice(1) || 'icthp'
    expect(response.status).toBe(200)
    expect(answer).toEqual({
      rewards: body.images.map((image, i) => hashScore(reward, image, body.prompts![i])),
    })
  })

  test('Flow-Factory: a reward without a prompt needs none', async () => {
    const { answer } = await served().send(json('/hp/compute', { prompt: null, image: [base64(red)] }))
    expect(answer).toEqual({ rewards: [hashScore('hp', red)] })
  })

  test('health and rewards are said under every base path', async () => {
    const app = trainerRoutes(new HashDesk(), { pickle: false })
    for (const base of ['', '/ict', '/hp', '/icthp']) {
      expect(await (await app.request(`${base}/health`)).json()).toEqual({
        status: 'ok',
        rewards: { ict: ['ok'], hp: ['ok'], icthp: ['ok'] },
      })
      expect(await (await app.request(`${base}/rewards`)).json()).toEqual({ rewards: ['ict', 'hp', 'icthp'] })
    }
    expect((await app.request('/beauty/health')).status).toBe(404)
  })
})

describe('which reward', () => {
  const only = (...names: string[]): HashDesk => {
    const desk = new HashDesk()
    desk.rewards.splice(0, 3, ...desk.rewards.filter(({ name }) => names.includes(name)))
    return desk
  }

  test.each(['/', '/score', '/score/', '/hp', '/hp/', '/hp/score'])(
    'pickles at %s of a server with one reward',
    async (path) => {
      const { answer } = await served({ desk: only('hp') }).send({ ...bodyNamed('flow-grpo'), path })
      expect(answer.outputs).toEqual(bodyNamed('flow-grpo').images.map((image) => hashScore('hp', image)))
    },
  )

  test('the root without a combination names none, and says where to go', async () => {
    const { desk, send } = served({ desk: only('ict', 'hp') })
    const pickled = await send({ ...bodyNamed('flow-grpo'), path: '/' })
    expect(pickled.response.status).toBe(400)
    expect(pickled.answer).toMatchObject({ code: 'request_unknown_reward' })
    expect(pickled.answer.error).toContain('/ict, /hp')
    const computed = await send({ ...bodyNamed('flow-factory'), path: '/compute' })
    expect(computed.response.status).toBe(400)
    expect(computed.answer).toMatchObject({ code: 'request_unknown_reward' })
    expect(desk.asked).toEqual([])
  })
})

describe('what is refused', () => {
  const refused = wireBodies.filter((body) => body.refused)
  test.each(refused.map((body) => [body.name, body] as const))(
    '%s: a typed 400, and nothing is asked',
    async (_, body) => {
      const { desk, send } = served()
      const { response, answer } = await send(body)
      expect(response.status).toBe(body.refused!.status)
      expect(answer.error).toContain(body.refused!.message)
      expect(answer.code).toMatch(/^request_(invalid|unknown_reward)$/)
      expect(desk.asked).toEqual([])
    },
  )

  test.each(pickles.map((body) => [body.name, body] as const))(
    '%s, where pickles were not asked for',
    async (_, body) => {
      const { desk, send } = served({ pickle: false })
      const { response, answer } = await send(body)
      const protocol = body.body[0] === 0x80 ? body.body[1]! : 0
      // Protocols 0 and 1 have no sign of their own: without --pickle they are just no JSON.
      expect(response.status).toBe(protocol >= 2 ? 415 : 400)
      expect(answer.code).toBe('request_invalid')
      if (protocol >= 2) expect(answer.error).toContain('--pickle')
      expect(desk.asked).toEqual([])
    },
  )

  const image = base64(red)
  const ask = (over: object): object => ({
    requests: [{ history: [{ text: 'a', image_b64: image }], required_rewards: ['ict'], ...over }],
  })
  test.each([
    ['/score', null, '{"requests": [...]}'],
    ['/score', [], '{"requests": [...]}'],
    ['/score', { requests: [null] }, 'requests[0].required_rewards'],
    ['/score', ask({ required_rewards: 'ict' }), 'requests[0].required_rewards'],
    ['/score', ask({ history: [] }), 'requests[0].history'],
    ['/score', ask({ history: [7] }), 'requests[0].history'],
    ['/score', ask({ history: [{ text: 7, image_b64: image }] }), 'requests[0].history[-1].text'],
    ['/score', ask({ history: [{ image_b64: image }] }), 'takes a prompt'],
    ['/score', ask({ history: [{ text: 'a', video_b64: image }] }), 'videos are not'],
    ['/score', ask({ history: [{ text: 'a', image_b64: 7 }] }), 'must be base64'],
    ['/score', ask({ required_rewards: ['beauty'] }), 'ict, hp, icthp'],
    ['/compute', null, 'no "image"'],
    ['/compute', { prompt: ['a'], image: null, video: [[image]] }, 'videos are not'],
    ['/compute', { prompt: ['a'], image: [null] }, '"image" must be a list'],
    ['/compute', { prompt: 'a', image: [image] }, '"prompt" must be a list'],
    ['/compute', { prompt: ['a', 'b'], image: [image] }, '1 images and 2 prompts'],
    ['/ict/compute', { prompt: null, image: [image] }, 'takes a prompt'],
    ['/ict', { images: [image] }, 'JSON goes to /ict/score (UniRL)'],
  ])('POST %s %j', async (path, value, message) => {
    const { desk, send } = served()
    const { response, answer } = await send(json(path, value))
    expect(response.status).toBe(400)
    expect(answer.error).toContain(message)
    expect(answer.code).toMatch(/^request_/)
    expect(desk.asked).toEqual([])
  })

  test('what is no JSON', async () => {
    const { send } = served()
    const body = { ...json('/compute', 0), body: new TextEncoder().encode('{"prompt": [') }
    const { response, answer } = await send(body)
    expect([response.status, answer.code]).toEqual([400, 'request_invalid'])
    expect(answer.error).toContain('not JSON')
  })
})

describe('an image that fails is never a number', () => {
  const failing = (): HashDesk => {
    const desk = new HashDesk()
    desk.failure = ({ image }) =>
      Buffer.from(image).equals(green) ? new ImageError('image_truncated', 'It ends too early.') : undefined
    return desk
  }
  const image = base64(green)

  test('UniRL: it has its error in its place, and the others their scores', async () => {
    const body = bodyNamed('unirl')
    const { answer } = await served({ desk: failing() }).send(body)
    const text = 'image_truncated: It ends too early.'
    expect(answer.errors).toEqual([{}, { ict: text, hp: text }, {}])
    expect(answer.results!.map((result) => Object.keys(result).length)).toEqual([2, 0, 2])
  })

  test('UniRL: what is not base64 has its error, and the others are asked for', async () => {
    const { desk, send } = served()
    const turns = ['%%%', base64(red), base64(red).slice(0, -3)]
    const requests = turns.map((image_b64) => ({
      history: [{ text: 'a', image_b64 }],
      required_rewards: ['ict'],
    }))
    const { response, answer } = await send(json('/score', { requests }))
    expect(response.status).toBe(200)
    expect(answer.results).toEqual([{}, { ict: { ict: hashScore('ict', red, 'a') } }, {}])
    expect(answer.errors![0]!['ict']).toMatch(/^image_unreadable: requests\[0\]/)
    expect(desk.asked[0]!.items).toHaveLength(1)
  })

  test('Flow-Factory: all is an error, with status 200, since only that is raised at once and shown', async () => {
    const { response, answer } = await served({ desk: failing() }).send(
      json('/ict/compute', { prompt: ['a', 'b'], image: [base64(red), image] }),
    )
    expect(response.status).toBe(200)
    expect(answer).toEqual({
      error: 'image_truncated: 1 of 2 images have no score. image 1: It ends too early.',
    })
  })

  test('Flow-Factory: what is not base64 is an error before anything is asked', async () => {
    const { desk, send } = served()
    const { response, answer } = await send(json('/hp/compute', { image: [base64(red), '%'] }))
    expect(response.status).toBe(200)
    expect(answer).toEqual({ error: 'image_unreadable: image[1] is not base64.' })
    expect(desk.asked).toEqual([])
  })

  test('pickles: all is refused with 422, which nobody sends again, and no list of numbers', async () => {
    const desk = new HashDesk()
    const [, second] = bodyNamed('flow-grpo').images
    desk.failure = ({ image }) =>
      Buffer.from(image).equals(second!) ? new ImageError('image_truncated', 'It ends too early.') : undefined
    const { response, answer } = await served({ desk }).send(bodyNamed('flow-grpo'))
    expect(response.status).toBe(422)
    expect(answer).toEqual({
      error: '1 of 3 images have no score. image 1: It ends too early.',
      code: 'image_truncated',
    })
  })

  test('a long list of failures is cut', async () => {
    const desk = new HashDesk()
    desk.failure = () => new ImageError('image_empty', 'Empty.')
    const { answer } = await served({ desk }).send(bodyNamed('two-batches'))
    expect(answer.error).toMatch(/^1500 of 1500 .*image 7: Empty\. And 1492 more\.$/)
  })

  test.each([Number.NaN, Infinity, undefined])('a score of %s is a failure of the server', async (score) => {
    const desk = new HashDesk()
    desk.score = async (_, items) =>
      items.map(() => ({ scores: score === undefined ? {} : { ict: score, icthp: score }, logits: {} }))
    const { send, failures } = served({ desk })
    const unirl = await send(bodyNamed('unirl'))
    expect(unirl.answer.results).toEqual([{}, {}, {}])
    expect(unirl.answer.errors![0]!['ict']).toContain('backend_nan')
    const computed = await send({ ...bodyNamed('flow-factory'), path: '/ict/compute' })
    expect([computed.response.status, computed.answer.code]).toEqual([503, 'backend_nan'])
    const pickled = await send(bodyNamed('verl-omni'))
    expect([pickled.response.status, pickled.answer.code]).toEqual([503, 'backend_nan'])
    expect(pickled.response.headers.get('retry-after')).toBeNull()
    expect(failures).toHaveLength(2)
  })
})

describe('what all is refused with', () => {
  const bodies = ['unirl', 'flow-factory', 'verl-omni'].map(bodyNamed)
  test.each([
    [new RequestError('request_overloaded', 'Busy.', { retryAfter: 2.5 }), 429, '3'],
    [new RequestError('request_overloaded', 'Busy.'), 429, '1'],
    [new RequestError('request_timeout', 'Late.'), 503, '1'],
    [new RequestError('request_closing', 'Closing.'), 503, '1'],
    [new RequestError('request_invalid', 'No.'), 400, null],
    [new RequestError('request_too_large', 'Large.'), 413, null],
    [new BackendError('backend_failed', 'The tower fell.'), 503, null],
  ])('%s: %i, Retry-After %s', async (error, status, retryAfter) => {
    const desk = new HashDesk()
    desk.refusal = error
    const { send } = served({ desk })
    for (const body of bodies) {
      const { response, answer } = await send(body)
      expect(response.status).toBe(status)
      expect(response.headers.get('retry-after')).toBe(retryAfter)
      expect(answer).toEqual({ error: error.message, code: error.code })
    }
  })

  test('a fault of ours is a 503 that gives nothing away, and is told to onError', async () => {
    const desk = new HashDesk()
    desk.refusal = new TypeError('secret is undefined')
    const { send, failures } = served({ desk })
    for (const body of bodies) {
      const { response, answer } = await send(body)
      expect(response.status).toBe(503)
      expect(JSON.stringify(answer)).not.toContain('secret')
    }
    expect(failures).toEqual([desk.refusal, desk.refusal, desk.refusal])
  })

  test('a client that goes away ends what it asked for', async () => {
    const desk = new HashDesk()
    let gone: AbortController
    let told: AbortSignal | undefined
    desk.score = (_, __, options) =>
      new Promise((_resolve, reject) => {
        told = options!.signal
        told!.addEventListener('abort', () => reject(told!.reason as Error))
        gone.abort(new Error('gone'))
      })
    const app = trainerRoutes(desk, { pickle: true })
    for (const body of bodies) {
      gone = new AbortController()
      const response = await app.request(new Request(requestOf(body), { signal: gone.signal }))
      expect(response.status).toBe(499)
      expect(told!.aborted).toBe(true)
    }
  })

  test('where one group of UniRL is refused, the others are given up', async () => {
    const desk = new HashDesk()
    const signals: AbortSignal[] = []
    desk.score = async (rewards, items, options) => {
      signals.push(options!.signal!)
      if (rewards[0] === 'hp') throw new RequestError('request_overloaded', 'Busy.')
      return items.map(() => ({ scores: { ict: 0.5 }, logits: {} }))
    }
    const ask = (reward: string): object => ({
      history: [{ text: 'a', image_b64: base64(red) }],
      required_rewards: [reward],
    })
    const { response } = await served({ desk }).send(json('/score', { requests: [ask('ict'), ask('hp')] }))
    expect(response.status).toBe(429)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })

  test('a body is given up once it has been taken apart, before its scores are there', async () => {
    const order: string[] = []
    const desk = new HashDesk()
    const score = desk.score.bind(desk)
    desk.score = (...question) => {
      order.push('asked')
      return score(...question)
    }
    const app = trainerRoutes(desk, { pickle: true, onRead: (c) => order.push(c.req.path) })
    for (const body of bodies) await app.request(requestOf(body))
    expect(order).toEqual(bodies.flatMap(({ path }) => [path, 'asked']))
  })

  test('a body that does not arrive whole is a 400', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) })
    const request = new Request('http://127.0.0.1/score', {
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit)
    const response = await trainerRoutes(new HashDesk(), { pickle: true }).request(request)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'request_invalid' })
  })
})
