import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/api.md', root), 'utf8')
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { exports: object }
const DOORS = Object.keys(exports).filter((door) => door !== './package.json')

const sourceOf = (door: string): string => {
  const name = door === '.' ? 'index' : door.slice(2)
  return name === 'convert' ? 'convert/index' : name
}

test.each(DOORS)('docs/api.md tells all that %s exports', async (door) => {
  const names = Object.keys((await import(new URL(`src/${sourceOf(door)}.ts`, root).href)) as object)
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  expect(page).toContain(`| \`icthp${door.slice(1)}\` |`)
})
