import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** The Markdown pages of the repository, by their paths in it. */
export const pages: readonly string[] = [
  'README.md',
  'README.zh-CN.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'models/README.md',
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export const readPage = (page: string): string => readFileSync(root + page, 'utf8')

export interface CodeBlock {
  /** `README.md:17` */
  readonly place: string
  readonly language: string
  readonly code: string
  /** What the HTML comment right above it says: `goes on`, `not run: why`, `file: name`. */
  readonly mark: string
}

const BLOCK = /(?:^<!-- ([^>]*) -->\n)?^```(\w+)\n(.*?)^```$/gms

export function codeBlocks(page: string): CodeBlock[] {
  const text = readPage(page)
  return [...text.matchAll(BLOCK)].map(({ 0: whole, 1: mark = '', 2: language, 3: code, index }) => ({
    place: `${page}:${text.slice(0, index + whole.indexOf('```')).split('\n').length}`,
    language: language!,
    code: code!,
    mark,
  }))
}

export interface Program {
  /** Where its first block begins. */
  readonly place: string
  readonly code: string
  /** Whether it can run anywhere the package is installed; those that cannot say so, or are tested elsewhere. */
  readonly runs: boolean
}

/** The TypeScript of a page: a block each, or several where one goes on with the one above. */
export function programs(page: string): Program[] {
  const all: Program[] = []
  for (const { place, language, code, mark } of codeBlocks(page)) {
    if (language !== 'ts') continue
    const last = all.at(-1)
    if (mark === 'goes on' && last) all[all.length - 1] = { ...last, code: `${last.code}\n${code}` }
    else all.push({ place, code, runs: !/^(not run|file): /.test(mark) })
  }
  return all
}

/** Lines of a page's shell blocks, without comments. */
export function shellLines(page: string): string[] {
  return codeBlocks(page)
    .filter(({ language, mark }) => language === 'sh' && !mark.startsWith('not run: '))
    .flatMap(({ code }) => code.split('\n'))
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '')
}
