import { expect } from 'vitest'
import { CheckpointError } from '../../src/base/errors.ts'
import { openCheckpoint } from '../../src/checkpoint/checkpoint.ts'

/** The error that opening `path` ends in. */
export async function refusal(path: string): Promise<CheckpointError> {
  const error: unknown = await openCheckpoint(path).then(
    (checkpoint) => checkpoint.close(),
    (reason: unknown) => reason,
  )
  expect(error, path).toBeInstanceOf(CheckpointError)
  return error as CheckpointError
}
