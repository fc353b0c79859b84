import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cliRoom } from './cli-room.ts'

const room = cliRoom()
const docs = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')
const optionsIn = (text: string): string[] => [...new Set(text.match(/(?<![\w-])--[a-z][a-z-]*/g))].sort()

test('docs/cli.md tells every option there is, and no other', async () => {
  const helps = await Promise.all(
    ['score', 'rank', 'serve', 'convert', 'pull', 'export', 'verify', 'inspect', 'info'].map(
      async (command) => (await room.run([command, '--help'])).stdout,
    ),
  )
  expect(optionsIn(docs)).toEqual(optionsIn(helps.join('\n')))
})
