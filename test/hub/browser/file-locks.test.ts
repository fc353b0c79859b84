import { expect, test } from 'vitest'
import { sleep } from '../../../src/base/waiting/sleep.ts'
import { FileLocks } from '../../../src/hub/browser/file-locks.ts'
import { PageLocks } from '../../../src/hub/browser/page-locks.ts'

const events: string[] = []
const work =
  (name: string, ms = 10) =>
  async (): Promise<string> => {
    events.push(`${name} in`)
    await sleep(ms)
    events.push(`${name} out`)
    return name
  }
const seen = (): string[] => events.splice(0)
const isLocked = (locks: PageLocks, name: string): Promise<boolean> =>
  locks.request(name, { ifAvailable: true }, async (lock) => lock === null)

test('a lock is held by one at a time, in the order in which they came; other names are other locks', async () => {
  const locks = new PageLocks()
  const all = [
    locks.request('a', {}, work('1')),
    locks.request('a', {}, work('2')),
    locks.request('b', {}, work('3', 0)),
  ]
  expect(await Promise.all(all)).toEqual(['1', '2', '3'])
  expect(seen()).toEqual(['1 in', '3 in', '3 out', '1 out', '2 in', '2 out'])
})

test('those who share go together, and do not overtake who waits to be alone', async () => {
  const locks = new PageLocks()
  const shared = { mode: 'shared' } as const
  await Promise.all([
    locks.request('a', shared, work('1')),
    locks.request('a', shared, work('2', 20)),
    locks.request('a', {}, work('3')),
    locks.request('a', shared, work('4')),
  ])
  expect(seen()).toEqual(['1 in', '2 in', '1 out', '2 out', '3 in', '3 out', '4 in', '4 out'])
})

test('work that fails lets go', async () => {
  const locks = new PageLocks()
  await expect(locks.request('a', {}, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await isLocked(locks, 'a')).toBe(false)
})

test('an abort ends the wait at once, and holds up nobody', async () => {
  const locks = new FileLocks(new PageLocks(), 'test')
  const controller = new AbortController()
  const first = locks.write('f', work('1', 200))
  const second = locks.write('f', work('2'), controller.signal)
  const third = locks.write('f', work('3', 0))
  await expect.poll(() => events).toEqual(['1 in'])
  controller.abort(new Error('enough'))
  await expect(second).rejects.toThrow('enough')
  expect(events).toEqual(['1 in'])
  await Promise.all([first, third])
  expect(seen()).toEqual(['1 in', '1 out', '3 in', '3 out'])
  await expect(locks.write('f', work('4'), controller.signal)).rejects.toThrow('enough')
  expect(seen()).toEqual([])
})

test('an abort while it is held is left to the work', async () => {
  const locks = new FileLocks(new PageLocks(), 'test')
  const controller = new AbortController()
  const held = locks.write('f', work('1'), controller.signal)
  await sleep(1)
  controller.abort()
  expect(await held).toBe('1')
  seen()
})

test('what is written or used is not dropped; users hold up no writer', async () => {
  const locks = new FileLocks(new PageLocks(), 'test')
  const drop = (): Promise<boolean> => locks.drop('f', async () => void events.push('dropped'))
  const writing = locks.write('f', work('1'))
  expect(await drop()).toBe(false)
  await writing
  const [one, two] = [await locks.use('f'), await locks.use('f')]
  expect(await drop()).toBe(false)
  expect(await locks.write('f', work('2', 0))).toBe('2')
  one()
  expect(await drop()).toBe(false)
  two()
  await sleep(1)
  expect(await locks.drop('other', async () => {})).toBe(true)
  expect(await drop()).toBe(true)
  expect(seen()).toEqual(['1 in', '1 out', '2 in', '2 out', 'dropped'])
})
