import { describe, expect, it } from 'vitest'
import { guardSession, type HeldGraph } from '../../src/backend/guard-session.ts'
import { BackendError } from '../../src/base/errors.ts'

const graph = (more: Partial<HeldGraph>): HeldGraph => ({
  backend: 'my-runtime 1',
  model: 'vision.onnx',
  run: async () => ({}),
  release: async () => {},
  ...more,
})

describe('guardSession', () => {
  it('says which backend failed on which graph, and keeps why', async () => {
    const cause = new RangeError('out of tune')
    const session = guardSession(graph({ run: () => Promise.reject(cause) }))
    const error = await session.run({}).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(BackendError)
    expect(error).toMatchObject({
      code: 'backend_failed',
      message: 'my-runtime 1 failed on vision.onnx: out of tune',
      details: { model: 'vision.onnx' },
      cause,
    })
  })

  it('lets errors of icthp through', async () => {
    const cause = new BackendError('backend_wrong_output', 'Output y is uint8.')
    const session = guardSession(graph({ run: () => Promise.reject(cause) }))
    await expect(session.run({})).rejects.toBe(cause)
  })

  it('ends a run with its signal, whatever the runtime does', async () => {
    const controller = new AbortController()
    const session = guardSession(graph({ run: () => new Promise(() => {}) }))
    const running = session.run({}, { signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(running).rejects.toBe(reason)
  })

  it('releases once, and runs nothing after', async () => {
    let released = 0
    const session = guardSession(graph({ release: async () => void released++ }))
    await Promise.all([session.dispose(), session.dispose()])
    expect(released).toBe(1)
    await expect(session.run({})).rejects.toMatchObject({ code: 'input_disposed' })
  })
})
