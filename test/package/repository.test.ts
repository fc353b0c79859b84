import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeBlocks, pages, readPage, root } from './pages.ts'

/** Tracked files, and those that would be. */
const tracked = existsSync(`${root}.git`)
  ? execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter((path) => path !== '' && existsSync(root + path))
  : []

test.skipIf(tracked.length === 0)(
  'no file names a registry, or a place on the machine where it was written',
  () => {
    const forbidden = new RegExp(
      [
        'https?://[\\w.-]*registry',
        'files\\.pythonhosted',
        '/work/(?!flows)',
        '/tmp/(ref|bash)',
        '"resolved":',
      ].join('|'),
    )
    const own = 'test/package/repository.test.ts'
    const found = tracked
      .filter((path) => path !== own && statSync(root + path).size < 2 ** 20)
      .filter((path) => forbidden.test(readFileSync(root + path, 'latin1')))
    expect(found).toEqual([])
  },
)

/** GitHub's anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')

const anchors = (page: string): string[] =>
  [...readPage(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!))
const withoutCode = (page: string): string => readPage(page).replace(/^```.*?^```$/gms, '')

describe.each(pages)('%s', (page) => {
  test('links lead somewhere', () => {
    const broken = [...withoutCode(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target]) => target!)
      .filter((target) => !/^https?:/.test(target))
      .filter((target) => {
        const [path, anchor] = target.split('#') as [string, string?]
        const file = path === '' ? page : join(dirname(page), path)
        return !existsSync(root + file) || (anchor !== undefined && !anchors(file).includes(anchor))
      })
    expect(broken).toEqual([])
  })

  test('files that it names are there', () => {
    const named =
      withoutCode(page).match(/(?<=`)(?:src|test|scripts|docs|examples|models)\/[\w./-]+(?=`)/g) ?? []
    expect(named.filter((path) => !existsSync(root + path))).toEqual([])
  })

  test('code blocks say their language', () => {
    expect(readPage(page).match(/^```$/gm)?.length ?? 0).toBeGreaterThanOrEqual(codeBlocks(page).length)
    expect(
      codeBlocks(page)
        .map(({ language }) => language)
        .filter((language) => !/^(ts|js|html|sh|json|python)$/.test(language)),
    ).toEqual([])
  })
})

test('files that LICENSE names are there', () => {
  const named = readFileSync(`${root}LICENSE`, 'utf8').match(/(?<=[(\s])src\/[\w/-]+(?:\.\w+)?/g)!
  expect(named.filter((path) => !existsSync(root + path))).toEqual([])
})

test('docs/getting-started.md lists every error code there is, with its class', () => {
  const source = readFileSync(`${root}src/base/errors.ts`, 'utf8')
  const codes: string[] = []
  let name = ''
  for (const line of source.slice(source.indexOf('export type ErrorCode')).split('\n')) {
    name = /^ {2}\/\/ (\w+)$/.exec(line)?.[1] ?? name
    const code = /^ {2}\| '(\w+)'/.exec(line)?.[1]
    if (code) codes.push(`${name} ${code}`)
  }
  const listed: string[] = []
  for (const [, ownClass, code] of readPage('docs/getting-started.md').matchAll(
    /^\| (?:`(\w+)`)? ?\| `(\w+_\w+)` \|/gm,
  )) {
    listed.push(`${ownClass ?? listed.at(-1)!.split(' ')[0]} ${code}`)
  }
  expect(listed).toEqual(codes)
})

test('the examples of README name what .ci/run and package.json do', () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    scripts: Record<string, string>
  }
  const lines = codeBlocks('README.md').flatMap(({ code }) => code.match(/^npm (?:ci|test|run \w+)/gm) ?? [])
  expect(lines).toEqual(['npm ci', 'npm run build', 'npm test'])
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['build', 'test']))
  expect(readFileSync(`${root}.ci/run`, 'utf8')).toMatch(/npm ci\nnpm test\n/)
})
