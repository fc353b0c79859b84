import { expect, test } from 'vitest'
import { parseShare } from '../../../src/dataset.ts'

test.each([
  ['2/8', {}, { index: 2, count: 8 }],
  [
    'auto',
    {
      SLURM_ARRAY_TASK_ID: '7',
      SLURM_ARRAY_TASK_MIN: '1',
      SLURM_ARRAY_TASK_STEP: '2',
      SLURM_ARRAY_TASK_COUNT: '4',
    },
    { index: 3, count: 4 },
  ],
  [
    'auto',
    { SLURM_ARRAY_TASK_ID: '0', SLURM_ARRAY_TASK_COUNT: '4', SLURM_PROCID: '3', SLURM_NTASKS: '9' },
    { index: 0, count: 4 },
  ],
  ['auto', { AWS_BATCH_JOB_ARRAY_INDEX: '1', AWS_BATCH_JOB_ARRAY_SIZE: '3' }, { index: 1, count: 3 }],
  ['auto/5', { JOB_COMPLETION_INDEX: '4' }, { index: 4, count: 5 }],
  ['auto', { JOB_COMPLETION_INDEX: '4', ICTHP_SHARD_COUNT: '6' }, { index: 4, count: 6 }],
  ['auto', { CLOUD_RUN_TASK_INDEX: '0', CLOUD_RUN_TASK_COUNT: '2' }, { index: 0, count: 2 }],
  ['auto', { SLURM_PROCID: '1', SLURM_NTASKS: '2' }, { index: 1, count: 2 }],
])('%s in %j', (text, env, share) => {
  expect(parseShare(text, env)).toEqual(share)
})

test.each([
  ['auto', {}, /finds no task/],
  ['auto', { JOB_COMPLETION_INDEX: '4' }, /auto\/COUNT/],
  ['8/8', {}, /no task 8 of 8/],
  ['auto/2', { JOB_COMPLETION_INDEX: '2' }, /no task 2 of 2/],
  ['3', {}, /INDEX\/COUNT/],
  ['0/0', {}, /no task 0 of 0/],
  [
    'auto',
    {
      SLURM_ARRAY_TASK_ID: '4',
      SLURM_ARRAY_TASK_MIN: '1',
      SLURM_ARRAY_TASK_STEP: '2',
      SLURM_ARRAY_TASK_COUNT: '2',
    },
    /no task 1.5 of 2/,
  ],
])('%s in %j is refused', (text, env, why) => {
  expect(() => parseShare(text, env)).toThrow(why)
})
