import { expect, test } from 'vitest'
import type { BlobStore } from '../../../src/hub/browser/blob-store.ts'
import { allRecords } from '../../../src/hub/browser/model-records.ts'

/** A store whose file another page writes while this one reads it, so many times. */
function busyStore(times: number): BlobStore {
  const record = { source: 'a', folder: 'a', path: 'b', size: 1, sha256: 'c', complete: true }
  return {
    name: 'busy',
    get: () => {
      const blob = new Blob([JSON.stringify(record)])
      if (times-- > 0) blob.text = () => Promise.reject(new DOMException('written since', 'NotReadableError'))
      return Promise.resolve(blob)
    },
    set: () => Promise.resolve(),
    delete: () => Promise.resolve(),
    keys: () => Promise.resolve(['file-a']),
  }
}

test('a record that another page has written since it was opened is opened anew', async () => {
  expect(await allRecords(busyStore(3))).toMatchObject([{ sha256: 'c' }])
})

test('one that can never be read is an error', async () => {
  await expect(allRecords(busyStore(Infinity))).rejects.toMatchObject({ name: 'NotReadableError' })
})
