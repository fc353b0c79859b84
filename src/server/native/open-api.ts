import { VERSION } from '../../base/version.ts'
import type { ScorerDesk } from '../desk/scorer-desk.ts'

type Json = Readonly<Record<string, unknown>>

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const text = (description: string): Json => ({ type: 'string', description })
const listOf = (items: Json, description: string): Json => ({ type: 'array', items, description })
const object = (properties: Json, required: readonly string[] = []): Json => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
})

const PICTURE: Json = {
  description:
    'Base64 of a file, a data URI, an address where the server fetches them, or an object with a name.',
  oneOf: [
    { type: 'string' },
    object({ image: { type: 'string' }, url: { type: 'string' }, name: { type: 'string' } }),
  ],
}
const ERROR: Json = object({ code: { type: 'string' }, message: { type: 'string' } }, ['code', 'message'])
const PLACE: Json = { index: { type: 'integer' }, name: text('Of a file.') }

const promptFields = {
  prompt: text('One prompt for all images.'),
  prompts: listOf({ type: 'string' }, 'One an image, or with `pairing: every` as many as you like.'),
  pairing: { enum: ['each', 'every'], default: 'each' },
}

function orderFields(rules: readonly string[]): Json {
  return {
    combine: { enum: rules, description: 'How the scores become one number.' },
    weights: { type: 'object', additionalProperties: { type: 'number' }, description: 'For `weighted`.' },
    thresholds: { type: 'object', additionalProperties: { type: 'number' } },
    top: { type: 'integer', minimum: 1 },
  }
}

/** The form that `curl -F` sends, beside a JSON body. */
const bodyOf = (json: Json, form?: Json): Json => ({
  required: true,
  content: {
    'application/json': { schema: json },
    ...(form ? { 'multipart/form-data': { schema: form } } : {}),
  },
})

const REFUSALS: Json = Object.fromEntries(
  Object.entries({
    400: 'The request is not as it must be; the message says what is wrong.',
    401: 'The token is missing or wrong.',
    413: 'The body, or what it asks for, is more than the server takes at a time.',
    429: 'As much waits as the server takes. Retry-After says when to try again.',
    503: 'The time was up, or the server is being shut down.',
  }).map(([status, description]) => [
    status,
    { description, content: { 'application/json': { schema: object({ error: ref('Error') }) } } },
  ]),
)

const answer = (description: string, schema: Json): Json => ({
  200: { description, content: { 'application/json': { schema } } },
})

const post = (operationId: string, summary: string, requestBody: Json, answered: Json): Json => ({
  post: { operationId, summary, requestBody, responses: { ...answered, ...REFUSALS } },
})
const get = (operationId: string, summary: string, type = 'application/json', open = true): Json => ({
  get: {
    operationId,
    summary,
    ...(open ? { security: [] } : {}),
    responses: { 200: { description: summary, content: { [type]: {} } } },
  },
})

/** OpenAPI 3.1 of icthp's own routes, with the rewards of this server, below `basePath`. */
export function openApi({ known }: ScorerDesk, basePath?: string): Json {
  const rewards = known.all.map(({ name }) => name)
  const numbers = Object.fromEntries(known.all.map(({ name, label }) => [name, numberOrList(label)]))
  const rules = ['weighted', 'product', 'softmax', ...known.scorers.map(({ kind }) => kind.name)]
  return {
    openapi: '3.1.0',
    info: { title: 'icthp reward server', version: VERSION, license: { name: 'MIT', identifier: 'MIT' } },
    // Else it would mean the root of the host.
    ...(basePath === undefined ? {} : { servers: [{ url: basePath.replace(/\/$/, '') || '/' }] }),
    security: [{ bearer: [] }, { basic: [] }],
    paths: pathsOf(rewards, rules),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic', description: 'The token is the password; any name will do.' },
      },
      schemas: {
        Picture: PICTURE,
        Error: ERROR,
        Scored: object({ ...PLACE, ...numbers, error: ref('Error') }, ['index']),
        Ranking: object(
          {
            id: { type: 'string' },
            prompt: { type: 'string' },
            combine: { type: 'string' },
            weights: { type: 'object' },
            results: listOf(
              object({
                ...PLACE,
                rank: { type: 'integer' },
                score: { type: 'number' },
                passed: { type: 'boolean' },
              }),
              'Best first.',
            ),
            failed: listOf(object({ ...PLACE, error: ref('Error') }), 'What could not be scored.'),
          },
          ['combine', 'results', 'failed'],
        ),
      },
    },
  }
}

const numberOrList = (label: string): Json => ({
  description: `${label}; with every pair, one number a prompt where it takes one.`,
  oneOf: [{ type: 'number' }, { type: 'array', items: { type: 'number' } }],
})

const pathsOf = (rewards: readonly string[], rules: readonly string[]): Json => ({
  ...scorePaths(rewards, rules),
  ...PATHS,
})

function scorePaths(rewards: readonly string[], rules: readonly string[]): Json {
  const images = listOf(ref('Picture'), 'Each is decoded once.')
  const asked = { rewards: listOf({ enum: rewards }, 'Default: all that can be had.') }
  const files = { image: listOf({ type: 'string', format: 'binary' }, 'One part a file.') }
  const group = object(
    { id: { type: 'string' }, prompt: promptFields.prompt, images, ...orderFields(rules) },
    ['images'],
  )
  return {
    '/v1/score': post(
      'score',
      'Scores images, in their order; what is wrong with one stands in its place.',
      bodyOf(
        object({ images, ...promptFields, ...asked }, ['images']),
        object({ ...files, ...promptFields, ...asked }, ['image']),
      ),
      answer(
        'Scores',
        object({ models: { type: 'object' }, results: listOf(ref('Scored'), 'One an image.') }),
      ),
    ),
    '/v1/rank': post(
      'rank',
      'Orders the images of a prompt, best first, or those of many prompts in groups.',
      bodyOf(
        object({
          images,
          prompt: promptFields.prompt,
          ...orderFields(rules),
          ...asked,
          groups: listOf(group, 'Instead of images and prompt.'),
        }),
        object({ ...files, prompt: promptFields.prompt, ...orderFields(rules), ...asked }, ['image']),
      ),
      answer('A ranking, or one a group', {
        anyOf: [ref('Ranking'), object({ groups: listOf(ref('Ranking'), 'In the order of the groups.') })],
      }),
    ),
  }
}

/** What is the same for all servers. */
const PATHS: Json = {
  '/v1/embeddings': post(
    'embeddings',
    'Embeddings of texts, or of images as data URIs.',
    bodyOf(
      object(
        {
          model: { type: 'string' },
          input: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
          modality: { enum: ['image', 'text'] },
          encoding_format: { enum: ['float', 'base64'], default: 'float' },
        },
        ['input'],
      ),
    ),
    answer('As OpenAI lists embeddings', { type: 'object' }),
  ),
  '/v1/rerank': post(
    'rerank',
    'Orders images by a query, as Jina does.',
    bodyOf(
      object(
        {
          model: { type: 'string' },
          query: { type: 'string' },
          documents: listOf(ref('Picture'), 'Images.'),
          top_n: { type: 'integer', minimum: 1 },
          return_documents: { type: 'boolean', default: false },
        },
        ['query', 'documents'],
      ),
    ),
    answer('As Jina lists results', { type: 'object' }),
  ),
  '/v1/models': get('models', 'What is served, and what runs it', 'application/json', false),
  '/health': get('health', 'It lives'),
  '/health/ready': get('ready', 'It takes work; 503 where it is being shut down'),
  '/metrics': get('metrics', 'For Prometheus', 'text/plain', false),
  '/openapi.json': get('openapi', 'This document'),
  '/': get('page', 'A page to try it', 'text/html'),
}
