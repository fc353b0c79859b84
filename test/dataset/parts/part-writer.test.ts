import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { PartColumn } from '../../../src/dataset/parts/part-columns.ts'
import { openPartWriter } from '../../../src/dataset/parts/part-writer.ts'
import { datasetRoom } from '../dataset-room.ts'

const room = datasetRoom()
const columns: readonly PartColumn[] = [
  {
    name: 'key',
    element: { name: 'key', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
    value: ({ key }) => key,
  },
]

test.skipIf(!existsSync('/dev/full'))('a full disk is told as one, with what to do', async () => {
  const writer = await openPartWriter('/dev/full', 'parquet', columns, 'a')
  await writer.write([{ index: 0, key: 'a.png' }])
  await expect(writer.close()).rejects.toMatchObject({
    code: 'dataset_store_failed',
    message: expect.stringContaining('the disk is full. Make room') as string,
  })
})

test('so is a folder that is not there', async () => {
  await expect(openPartWriter(room.at('none', 'a'), 'ndjson', columns, 'a')).rejects.toMatchObject({
    code: 'dataset_store_failed',
    message: expect.stringContaining('ENOENT') as string,
  })
})
