import { expect, test, vi } from 'vitest'
import { freeMemory } from '../../../src/base/memory/free-memory-node.ts'

test('memory that is whole in its view is gone; what has other views than this stays', () => {
  const whole = new Uint8Array(1000)
  const all = new Uint8Array(1000).fill(1)
  freeMemory([whole, all.subarray(1), Buffer.from('in a pool')])
  expect(whole.buffer.byteLength).toBe(0)
  expect(all).toEqual(new Uint8Array(1000).fill(1))
})

test('many megabytes are let go of without the garbage collector', async () => {
  // The first go once the port is closed.
  await vi.waitFor(() => {
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 8; i++) freeMemory([new Uint8Array(1 << 20)])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20)
  })
})
