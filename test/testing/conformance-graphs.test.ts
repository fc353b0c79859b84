import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { graphsModule } from '../../scripts/conformance-graphs.ts'

it('are what scripts/conformance-graphs.ts makes', async () => {
  expect(
    await readFile(new URL('../../src/testing/conformance/conformance-graphs.ts', import.meta.url), 'utf8'),
  ).toBe(graphsModule())
})
