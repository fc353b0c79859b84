import { expect, test } from 'vitest'
import { prometheusMetrics, type ServedRequest } from '../../src/server.ts'
import { base64, file, served } from './served.ts'

test('Prometheus is told of requests, images, batches, the queue, and seconds', async () => {
  const { post, get } = served({ metrics: prometheusMetrics({ process: false }) })
  const bad = base64(new TextEncoder().encode('bad'))
  await post('/v1/score', { images: [base64(file(1, 2)), base64(file(3, 4)), bad], prompt: 'a cat' })
  await post('/v1/score', { images: [] })
  await get('/v1/nothing')
  const { text, headers } = await get('/metrics')
  expect(headers.get('content-type')).toContain('text/plain')
  const lines = text.split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'icthp_requests_total{route="/v1/score",status="200"} 1',
      'icthp_requests_total{route="/v1/score",status="400"} 1',
      'icthp_requests_total{route="none",status="404"} 1',
      'icthp_images_total{outcome="scored"} 2',
      'icthp_images_total{outcome="failed"} 1',
      'icthp_batch_size_sum{tower="hp_vision"} 2',
      'icthp_batch_size_sum{tower="ict_vision"} 2',
      'icthp_batch_size_sum{tower="ict_text"} 1',
      'icthp_decoder_seconds_count 2',
      'icthp_queue_images 0',
      'icthp_queue_bytes 0',
    ]),
  )
  expect(text).toMatch(/^icthp_tower_seconds_count\{tower="hp_vision"\} [12]$/m)
})

test('two servers count apart, and one without metrics has no such route', async () => {
  const first = served({ metrics: prometheusMetrics({ process: false }) })
  const second = served({ metrics: prometheusMetrics({ process: false }) })
  await first.get('/health')
  expect((await second.get('/metrics')).text).not.toContain('/health')
  expect((await served().get('/metrics')).status).toBe(404)
})

test('every request is told with its route, its status and what the adapter gave', async () => {
  const told: ServedRequest[] = []
  const { server } = served({ onRequest: (request) => told.push(request) })
  await server.fetch(new Request('http://icthp.test/ict/health?secret=1'), { socket: 5 })
  expect(told).toMatchObject([
    { method: 'GET', path: '/ict/health', route: '/ict/health', status: 200, env: { socket: 5 } },
  ])
})
