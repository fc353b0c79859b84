import { utimes } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { Leases } from '../../../src/dataset/leases/leases.ts'
import { LocalStore } from '../../../src/dataset/store/local-store.ts'
import { datasetRoom } from '../dataset-room.ts'

const room = datasetRoom()
const leases = (duration: number): Leases => new Leases(new LocalStore(room.folder), { duration })
/** As if it had been written an hour ago. */
const age = (name: string): Promise<void> =>
  utimes(room.at('leases', name), Date.now() / 1000 - 3600, Date.now() / 1000 - 3600)

test('a shard is one worker’s at a time, and anybody’s once it is let go', async () => {
  const [first, second] = [leases(60_000), leases(60_000)]
  const lease = (await first.take('a'))!
  expect(await second.take('a')).toBeUndefined()
  expect(await second.held()).toEqual(new Set(['a']))
  await lease.release()
  expect(await second.held()).toEqual(new Set())
  await (await second.take('a'))!.release()
})

test('an expired lease goes to one of those that ask, and its owner hears of it', async () => {
  const owner = (await leases(100).take('a'))!
  // The owner sleeps: its lease ages, and it renews nothing until it wakes.
  await age('a.0')
  const asked = await Promise.all(Array.from({ length: 5 }, () => leases(60_000).take('a')))
  const taken = asked.filter((lease) => lease !== undefined)
  expect(taken.length).toBeLessThanOrEqual(1)
  if (taken.length === 0) return owner.release()
  await expect.poll(() => owner.signal.reason).toMatchObject({ code: 'dataset_lease_lost' })
  await owner.release()
  expect(await leases(60_000).held()).toEqual(new Set(['a']))
  await taken[0]!.release()
})

test('a lease that is renewed does not expire', async () => {
  const lease = (await leases(200).take('a'))!
  await age('a.0')
  await expect.poll(() => new LocalStore(room.folder).age('leases/a.0')).toBeLessThan(1000)
  expect(lease.signal.aborted).toBe(false)
  await lease.release()
})

test('a process of this machine that is gone holds nothing', async () => {
  const { hostname } = await import('node:os')
  const { newOwner } = await import('../../../src/hub/files/lock-owner-node.ts')
  const { space } = await newOwner()
  // No process has so high a number.
  await room.write('leases/a.0', JSON.stringify({ id: 'x', host: hostname(), pid: 4_194_304 + 7, space }))
  await room.write('leases/b.0', JSON.stringify({ id: 'x', host: 'elsewhere', pid: 1, space }))
  const lease = await leases(60_000).take('a')
  expect(lease).toBeDefined()
  expect(await leases(60_000).take('b')).toBeUndefined()
  await lease!.release()
})
