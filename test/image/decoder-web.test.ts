import { expect, test, vi } from 'vitest'
import { createWebDecoder } from '../../src/image/decoder-web.ts'

/** A worker that answers each image when told to; all that were started, and what they were asked. */
class FakeWorker extends EventTarget {
  static readonly all: FakeWorker[] = []
  readonly asked: number[] = []
  ended = false

  constructor() {
    super()
    FakeWorker.all.push(this)
  }

  postMessage({ kind, id }: { kind: string; id: number }): void {
    if (kind === 'image') this.asked.push(id)
  }

  terminate(): void {
    this.ended = true
  }

  answer(): void {
    const ok = { data: new Uint8Array(12), size: 2, width: 2, height: 2 }
    const event = Object.assign(new Event('message'), { data: { id: this.asked.at(-1), ok } })
    this.dispatchEvent(event)
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('a worker that is at an aborted image after its time is ended, and the next image starts another', async () => {
  vi.stubGlobal('Worker', FakeWorker)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const decoder = createWebDecoder()
    const controller = new AbortController()
    const endless = decoder.crop(new Uint8Array(3), { size: 2 }, { signal: controller.signal })
    const next = decoder.crop(new Uint8Array(3), { size: 2 })
    await settled()
    const [first] = FakeWorker.all
    // One at a time, so that the second is not lost with the worker.
    expect(first!.asked).toHaveLength(1)
    controller.abort(new Error('enough'))
    await expect(endless).rejects.toThrow('enough')
    vi.advanceTimersByTime(499)
    await settled()
    expect(first!.ended).toBe(false)
    vi.advanceTimersByTime(1)
    await settled()
    expect(first!.ended).toBe(true)
    const [, second] = FakeWorker.all
    expect(second!.asked).toHaveLength(1)
    second!.answer()
    expect((await next).size).toBe(2)
    await decoder.dispose()
    expect(second!.ended).toBe(true)
  } finally {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  }
})

test('a worker that ends an aborted image in time is kept', async () => {
  vi.stubGlobal('Worker', FakeWorker)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  FakeWorker.all.length = 0
  try {
    const decoder = createWebDecoder()
    const controller = new AbortController()
    const crop = decoder.crop(new Uint8Array(3), { size: 2 }, { signal: controller.signal })
    await settled()
    controller.abort(new Error('enough'))
    await expect(crop).rejects.toThrow('enough')
    FakeWorker.all[0]!.answer()
    await settled()
    vi.advanceTimersByTime(10_000)
    expect(FakeWorker.all.map(({ ended }) => ended)).toEqual([false])
    await decoder.dispose()
  } finally {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  }
})
