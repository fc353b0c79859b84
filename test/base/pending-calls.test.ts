import { describe, expect, it } from 'vitest'
import { InputError } from '../../src/base/errors.ts'
import { packError } from '../../src/base/packed-error.ts'
import { PendingCalls } from '../../src/base/pending-calls.ts'

describe('PendingCalls', () => {
  it('gives each call its own reply, in whatever order they come', async () => {
    const calls = new PendingCalls<string>()
    const sent: number[] = []
    const answers = Promise.all([calls.ask((id) => sent.push(id)), calls.ask((id) => sent.push(id))])
    expect(calls.size).toBe(2)
    calls.settle({ id: sent[1]!, ok: 'second' })
    calls.settle({ id: sent[0]!, ok: 'first' })
    expect(await answers).toEqual(['first', 'second'])
    expect(calls.size).toBe(0)
  })

  it('rejects with what the other side threw', async () => {
    const calls = new PendingCalls()
    const answer = calls.ask((id) =>
      calls.settle({ id, error: packError(new InputError('input_disposed', 'gone')) }),
    )
    await expect(answer).rejects.toBeInstanceOf(InputError)
  })

  it('rejects with what sending threw, and waits no more for it', async () => {
    const calls = new PendingCalls()
    const cannot = new Error('could not be cloned')
    const answer = calls.ask(() => {
      throw cannot
    })
    await expect(answer).rejects.toBe(cannot)
    expect(calls.size).toBe(0)
  })

  it('rejects all that waits when the other side ends, and passes over what it still says', async () => {
    const calls = new PendingCalls()
    const sent: number[] = []
    const answers = [calls.ask((id) => sent.push(id)), calls.ask((id) => sent.push(id))]
    const ended = new Error('the thread ended')
    calls.fail(ended)
    for (const answer of answers) await expect(answer).rejects.toBe(ended)
    calls.settle({ id: sent[0]!, ok: 1 })
    expect(calls.size).toBe(0)
  })
})
