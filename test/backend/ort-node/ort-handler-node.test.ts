import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { NativeTurn } from '../../../src/backend/ort-node/native-turn.ts'
import { workerUrl } from '../../../src/worker/worker-url-node.ts'

test('a thread that is stopped as it is about to call ends itself: who stops it saw the call begin', async () => {
  const turn = new NativeTurn()
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node')
  const worker = new Worker(workerUrl('ort'), { workerData: { entry, turn: turn.memory } })
  // As it looks to the main thread between the two steps of `begin`.
  new Int32Array(turn.memory)[0] = 1
  expect(turn.end()).toBe(true)
  worker.postMessage({ id: 1, kind: 'release', session: 1 })
  expect(await once(worker, 'exit')).toEqual([0])
})
