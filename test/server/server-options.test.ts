import { expect, test } from 'vitest'
import { createRewardServer } from '../../src/server.ts'
import { createFakeScorers } from '../../src/testing.ts'
import { base64, file, served } from './served.ts'

const refusal = expect.objectContaining({ code: 'input_invalid_option' }) as Error

test.each([
  [{ scorers: [] }],
  [{ scorers: undefined }],
  [{ scorers: [{}] }],
  [{ maxQueue: 5 }],
  [{ maxQueue: { images: 0 } }],
  [{ maxQueue: { bytes: Number.NaN } }],
  [{ maxBodyBytes: '1MB' }],
  [{ maxItems: 1.5 }],
  [{ atOnce: -1 }],
  [{ timeoutSeconds: Number.NaN }],
  [{ timeoutSeconds: 0 }],
  [{ basePath: 'api' }],
  [{ basePath: 5 }],
  [{ pickle: 'yes' }],
  [{ metrics: {} }],
  [{ onRequest: {} }],
  [{ fetchPicture: 'yes' }],
])('%j is refused at once', (options) => {
  const { ict, hp } = createFakeScorers()
  expect(() => createRewardServer({ scorers: [ict, hp], ...(options as object) })).toThrow(refusal)
})

test.each([null, undefined, 5, 'scorers'])('options that are %j are refused', (options) => {
  expect(() => createRewardServer(options as never)).toThrow(refusal)
})

test.each([1e8, Infinity])('a request may take %f seconds', async (timeoutSeconds) => {
  const { post } = served({ timeoutSeconds })
  expect((await post('/v1/score', { images: [base64(file(1, 2))] })).status).toBe(200)
})
