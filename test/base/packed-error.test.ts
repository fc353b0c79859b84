import { describe, expect, it } from 'vitest'
import { BackendError, DeviceError, ImageError, InputError } from '../../src/base/errors.ts'
import { packError, unpackError } from '../../src/base/packed-error.ts'

/** As it goes between threads, and as it goes to a process of its own. */
const ways = {
  'structured clone': (error: unknown) => unpackError(structuredClone(packError(error))),
  JSON: (error: unknown) => unpackError(JSON.parse(JSON.stringify(packError(error)))),
}

describe.each(Object.entries(ways))('an error that went by %s', (_, send) => {
  it.each([BackendError, DeviceError, ImageError, InputError])('keeps its class: %o', (Class) => {
    const error = new Class('input_disposed', 'It was disposed. Load it again.', { model: 'a', count: 3 })
    const came = send(error) as InstanceType<typeof Class>
    expect(came).toBeInstanceOf(Class)
    expect([came.name, came.code, came.message, came.details]).toEqual([
      error.name,
      'input_disposed',
      'It was disposed. Load it again.',
      { model: 'a', count: 3 },
    ])
    expect(came.stack).toBe(error.stack)
  })

  it('keeps its causes, each with its class', () => {
    const root = new TypeError('no such thing')
    const middle = new DeviceError('device_unavailable', 'no GPU', { cause: root })
    const came = send(new BackendError('backend_failed', 'it failed', { cause: middle }))
    expect(came.cause).toBeInstanceOf(DeviceError)
    const { cause } = came.cause as DeviceError
    expect(cause).toBeInstanceOf(Error)
    expect(cause).toMatchObject({ name: 'TypeError', message: 'no such thing' })
    expect(came).not.toHaveProperty('details.cause')
  })

  it('may be no error at all', () => {
    expect(send('a word')).toMatchObject({ name: 'Error', message: 'a word' })
  })

  it('may be its own cause', () => {
    const error = new Error('round')
    error.cause = error
    expect(send(error)).toMatchObject({ message: 'round', cause: { message: 'round' } })
  })
})
