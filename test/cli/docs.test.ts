import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cliRoom } from './cli-room.ts'

const room = cliRoom()
const page = (name: string): string => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8')
const optionsIn = (text: string): string[] => [...new Set(text.match(/(?<![\w-])--[a-z][a-z-]*/g))].sort()

const optionsOf = async (commands: readonly string[]): Promise<string[]> => {
  const helps = commands.map(async (command) => (await room.run([...command.split(' '), '--help'])).stdout)
  return optionsIn((await Promise.all(helps)).join('\n'))
}

test('docs/cli.md tells every option there is, and no other', async () => {
  const commands = ['score', 'rank', 'serve', 'convert', 'pull', 'export', 'verify', 'inspect', 'info']
  expect(optionsIn(page('cli'))).toEqual(await optionsOf(commands))
})

test('docs/dataset.md tells every option of the dataset commands that docs/cli.md does not', async () => {
  const commands = ['score', 'status', 'merge', 'enqueue', 'worker'].map((name) => `dataset ${name}`)
  const there = await optionsOf(commands)
  const listed = optionsIn(page('dataset').split('## Options')[1]!.split('\n## ')[0]!)
  expect(listed.filter((option) => !there.includes(option))).toEqual([])
  const elsewhere = optionsIn(page('cli'))
  expect(there.filter((option) => !listed.includes(option) && !elsewhere.includes(option))).toEqual([])
})
