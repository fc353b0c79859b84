import { expect, test } from 'vitest'
import { codeBlocks, readPage, shellLines } from './pages.ts'

/** README.zh-CN.md says what README.md says. */
const [ENGLISH, CHINESE] = ['README.md', 'README.zh-CN.md']

test('has the same programs, but for their comments', () => {
  const programs = (page: string): string[] =>
    codeBlocks(page)
      .filter(({ language }) => language === 'ts')
      .map(({ code }) => code.replace(/ *\/\/ .*$/gm, ''))
  expect(programs(CHINESE)).toEqual(programs(ENGLISH))
})

test('has the same commands, and the mirror before any that fetches', () => {
  const commands = shellLines(CHINESE).filter((line) => !line.startsWith('#'))
  const own = [
    'export HF_ENDPOINT=https://hf-mirror.com',
    'npx icthp rank examples/images/* --prompt "两个红苹果在木桌上"',
    'npx icthp inspect --text "茶杯里的一条小龙"',
  ]
  expect(commands.filter((line) => !own.includes(line))).toEqual(
    shellLines(ENGLISH).filter((line) => !line.startsWith('#')),
  )
  expect(commands[0]).toBe(own[0])
})

test('has the same sections, tables, pictures and links', () => {
  const outline = (page: string): unknown => {
    const text = readPage(page).replace(/^```.*?^```$/gms, '')
    return {
      headings: [...text.matchAll(/^(#+) /gm)].map(([, level]) => level),
      rows: text.match(/^\|/gm)?.length,
      targets: [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target)
        .filter((target) => target !== ENGLISH && target !== CHINESE),
    }
  }
  expect(outline(CHINESE)).toEqual(outline(ENGLISH))
})
