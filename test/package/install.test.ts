import { readFileSync } from 'node:fs'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NODE_VERSIONS, nodeBinary } from './node-versions.ts'
import { pages, programs, root, shellLines } from './pages.ts'
import { emptyRoom, installedVersion, pack, type Room, run } from './room.ts'

/**
 * The packed package in an empty folder, as a user has it: first alone, then with what runs models, then with sharp. Each
 * part builds on the one before.
 */
let room: Room
let tarball: string
const images = ['teacup.png', 'dragon.png', 'apple.png', 'renders/dragon.webp', 'renders/apple.jpg']
const answers: Record<string, Smoke> = {}
const BIN = 'node_modules/icthp/dist/cli/icthp.js'

interface Smoke {
  readonly decoder: string
  readonly backend: string
  readonly ict: number[]
  readonly hp: number[]
}

const SMOKE = `
import { HpScorer, IctScorer } from 'icthp/node'
const images = ['teacup.png', 'dragon.png']
const ict = await IctScorer.fromPretrained('./models-out', { device: 'cpu' })
const hp = await HpScorer.fromPretrained('./models-out', { device: 'cpu' })
const scores = { ict: await ict.score(images, 'a “tiny” dragon in a teacup'), hp: await hp.score(images) }
console.log(JSON.stringify({ decoder: ict.info.decoder, backend: ict.info.backend, ...scores }))
await ict.dispose()
await hp.dispose()
`

/** Runs the programs named, and writes down what each threw. */
const PROGRAMS = `
import { writeFileSync } from 'node:fs'
const ended = {}
for (const file of process.argv.slice(2)) {
  ended[file] = await import('./' + file).then(() => '', (error) => String(error.stack))
  writeFileSync('programs.json', JSON.stringify(ended))
}
`

async function smoke(node = process.execPath): Promise<Smoke> {
  const { code, stdout, stderr } = await run(node, ['smoke.mjs'], { cwd: room.folder })
  if (code !== 0) throw new Error(`${node} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout) as Smoke
}

const furthest = (a: Smoke, b: Smoke): number =>
  Math.max(...[...a.ict, ...a.hp].map((value, i) => Math.abs(value - [...b.ict, ...b.hp][i]!)))

beforeAll(async () => {
  room = await emptyRoom()
  tarball = (await pack()).tarball
  await writeFile(join(room.folder, 'smoke.mjs'), SMOKE)
  const drawings = await readdir(`${root}examples/images`)
  for (const image of images) {
    const subject = drawings.find((name) => name.includes(/(\w+)\.\w+$/.exec(image)![1]!))!
    await mkdir(dirname(join(room.folder, image)), { recursive: true })
    await cp(`${root}examples/images/${subject}`, join(room.folder, image))
  }
  // What is said of a clone holds where the package is installed, too.
  await cp(`${root}examples/images`, join(room.folder, 'examples/images'), { recursive: true })
  await cp(`${root}examples/pairs.csv`, join(room.folder, 'examples/pairs.csv'))
})
afterAll(() => room.remove())

describe('alone', () => {
  beforeAll(() => room.install(tarball))

  test('brings neither a runtime nor sharp', async () => {
    const installed = await readdir(join(room.folder, 'node_modules'))
    expect(installed.filter((name) => /onnxruntime|sharp|@img|@huggingface/.test(name))).toEqual([])
  })

  test('npx icthp', async () => {
    expect(await room.run('npx', 'icthp', '--version')).toMatchObject({
      code: 0,
      stdout: `${manifestVersion}\n`,
    })
    expect(await room.run('npx', 'icthp', '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('rank') as string,
    })
  })

  test('sees images and texts', async () => {
    const { code, stdout } = await room.run('npx', 'icthp', 'inspect', 'teacup.png', '--json')
    expect([code, JSON.parse(stdout)]).toEqual([0, [expect.objectContaining({ width: 512, height: 512 })]])
  })

  test('says what is missing to score', async () => {
    const { code, stderr } = await room.run(process.execPath, 'smoke.mjs')
    expect(code).toBe(1)
    expect(stderr).toMatch(/DeviceError.*npm install onnxruntime-node/)
    expect(stderr).toContain("code: 'runtime_missing'")
  })
})

describe('with onnxruntime-node', () => {
  beforeAll(async () => {
    await room.install(`onnxruntime-node@${installedVersion('onnxruntime-node')}`)
    await writeFile(
      join(room.folder, 'checkpoints.mjs'),
      "import { writeRandomCheckpoint } from 'icthp/convert'\nawait writeRandomCheckpoint('.', { seed: 3 })\n",
    )
    const made = await room.run(process.execPath, 'checkpoints.mjs')
    if (made.code !== 0) throw new Error(made.stderr)
  })

  test('converts, as the README says', async () => {
    const lines = shellLines('README.md').filter((line) => line.startsWith('npx icthp convert'))
    expect(lines).toHaveLength(1)
    const { code, stderr } = await room.run('npx', ...lines[0]!.split(' ').slice(1), '--quiet')
    expect([code, stderr]).toEqual([0, ''])
    expect((await readdir(join(room.folder, 'models-out'))).sort()).toEqual(['hp', 'ict'])
  })

  test('has the pictures that int8 is calibrated on', async () => {
    const { code, stderr } = await room.run(
      process.execPath,
      BIN,
      'convert',
      '--hp',
      'HP',
      '--out',
      'int8',
      '--dtype',
      'int8',
      '--quiet',
    )
    expect([code, stderr]).toEqual([0, ''])
  })

  test('scores on decoders without native modules', async () => {
    answers['wasm'] = await smoke()
    expect(answers['wasm']).toMatchObject({
      decoder: 'wasm',
      backend: `onnxruntime-node ${installedVersion('onnxruntime-node')}`,
    })
    expect(answers['wasm'].hp.every((score) => score > 0 && score < 1)).toBe(true)
  })
})

describe('with sharp', () => {
  beforeAll(() => room.install(`sharp@${installedVersion('sharp')}`))

  test('gives the same scores', async () => {
    answers['sharp'] = await smoke()
    expect(answers['sharp'].decoder).toBe(`sharp ${installedVersion('sharp')}`)
    expect([answers['sharp'].ict, answers['sharp'].hp]).toEqual([answers['wasm']!.ict, answers['wasm']!.hp])
  })
})

const blocks = pages.flatMap((page) => programs(page))
const runnable = blocks.filter(({ runs }) => runs)

describe('the documentation', () => {
  test('has programs', () => {
    expect(runnable.length).toBeGreaterThan(5)
  })

  test('type-checks with each moduleResolution, and in Node without types of the DOM', async () => {
    const doors = join(room.folder, 'types-node')
    await mkdir(doors)
    await writeFile(
      join(doors, 'scores.mts'),
      "import { HpScorer, rankImages, type NodeImageInput } from 'icthp/node'\n" +
        "const images: NodeImageInput[] = ['a.png', Buffer.of(1), new Blob([])]\n" +
        'const hp = await HpScorer.fromPretrained()\n' +
        'const scores: number[] = await hp.score(images)\n' +
        '// @ts-expect-error A number is no image.\n' +
        'void hp.score(42)\n' +
        'console.log(scores, await rankImages(images, { hp }))\n',
    )
    const written = join(room.folder, 'types')
    await mkdir(written)
    for (const [i, { place, code }] of runnable.entries())
      await writeFile(join(written, `block-${i}.ts`), `// ${place}\n${code}\nexport {}\n`)
    const common = {
      target: 'es2022',
      strict: true,
      // Our own declarations are to be checked, too.
      skipLibCheck: false,
      noEmit: true,
      typeRoots: [`${root}node_modules/@types`],
      types: ['node'],
    }
    const blocks = {
      ...common,
      // Our declarations bring `esnext.disposable` themselves.
      lib: ['es2023', 'dom'],
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
    }
    const projects = {
      'types/nodenext.json': [{ ...blocks, module: 'nodenext', moduleResolution: 'nodenext' }, '*.ts'],
      'types/bundler.json': [{ ...blocks, module: 'esnext', moduleResolution: 'bundler' }, '*.ts'],
      'types-node/tsconfig.json': [
        { ...common, module: 'nodenext', lib: ['es2023', 'esnext.disposable'] },
        '*.mts',
      ],
    } as const
    for (const [file, [compilerOptions, include]] of Object.entries(projects))
      await writeFile(join(room.folder, file), JSON.stringify({ compilerOptions, include: [include] }))
    // One process for all: it reads the types of the platforms once. Older compilers have their set-ups (test/setups).
    const tsc = [`${root}node_modules/typescript-7/bin/tsc`, '-b', ...Object.keys(projects)]
    const { code, stdout, stderr } = await run(process.execPath, tsc, { cwd: room.folder })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  describe('its programs', () => {
    let ended: Record<string, string>
    const fileOf = (place: string): string => `${place.replace(/\W/g, '-')}.mjs`

    // One after the other in one process, which has then nothing left to do and ends.
    beforeAll(async () => {
      const compilerOptions = {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      }
      for (const { place, code } of runnable)
        await writeFile(
          join(room.folder, fileOf(place)),
          ts.transpileModule(code, { compilerOptions }).outputText,
        )
      await writeFile(join(room.folder, 'programs.mjs'), PROGRAMS)
      const { code, stderr } = await room.run(
        process.execPath,
        'programs.mjs',
        ...runnable.map(({ place }) => fileOf(place)),
      )
      const said = await readFile(join(room.folder, 'programs.json'), 'utf8').catch(() => '{}')
      ended = JSON.parse(said) as Record<string, string>
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    })

    test.each(runnable)('$place', ({ place }) => {
      expect(ended[fileOf(place)]).toBe('')
    })
  })

  const commands = pages
    .filter((page) => page !== 'docs/cli.md')
    .flatMap((page) => shellLines(page).filter((line) => /^npx icthp (score|rank|inspect|info)\b/.test(line)))
  test.each([...new Set(commands)])('runs: %s', async (line) => {
    const args = line
      .replace(/ > .*$/, '')
      .match(/"[^"]*"|\S+/g)!
      .map((arg) => arg.replaceAll('"', ''))
    // What npx starts, a second sooner.
    const { code, stderr } = await room.run(process.execPath, BIN, ...args.slice(2))
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('jimp', () => {
  const SHEET = `
import { Jimp } from 'jimp'
import { HpScorer } from 'icthp/node'
import { renderSheet } from 'icthp/sheet'
const hp = await HpScorer.fromPretrained('./models-out', { device: 'cpu' })
const drawn = await Jimp.read('teacup.png')
const [score, same] = await hp.score([drawn, await drawn.getBuffer('image/png')])
await hp.dispose()
const sheet = await renderSheet([{ image: drawn, name: 'teacup.png', rank: 1, scores: { hp: score } }], { size: 64 })
const { width, height } = await Jimp.fromBuffer(Buffer.from(sheet))
console.log(JSON.stringify({ score, same, width, height }))
`
  const { peerDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    peerDependencies: Record<string, string>
  }
  const oldest = /^>=(\d+\.\d+\.\d+) /.exec(peerDependencies['jimp']!)![1]!

  test.each([...new Set([oldest, installedVersion('jimp')])])(
    '%s: its pictures score as the PNG files that it writes of them, and it draws sheets',
    async (version) => {
      await room.install(`jimp@${version}`)
      await writeFile(join(room.folder, 'jimp.mjs'), SHEET)
      const { code, stdout, stderr } = await room.run(process.execPath, 'jimp.mjs')
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      const { score, same, width, height } = JSON.parse(stdout) as Record<string, number>
      expect(score).toBe(same)
      // The picture, and two lines of label below it.
      expect(width).toBe(64 + 2 * 12)
      expect(height).toBeGreaterThan(64 + 2 * 12)
    },
  )
})

describe.each(NODE_VERSIONS)('Node %s', (version) => {
  test('gives the same scores', async ({ skip }) => {
    const binary = await nodeBinary(version)
    if ('missing' in binary) return skip(binary.missing)
    const { stdout } = await run(binary.path, ['--version'], { cwd: room.folder })
    expect(stdout.startsWith(`v${version}.`) || stdout === `v${version}\n`).toBe(true)
    const scores = await smoke(binary.path)
    expect(scores.decoder).toBe(answers['sharp']!.decoder)
    expect(furthest(scores, answers['sharp']!)).toBeLessThan(1e-12)
  })
})

// Last, since what is newest would have to be installed again after it.
describe('the oldest peers that package.json allows', () => {
  test('give the same scores', async () => {
    const { peerDependencies } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as {
      peerDependencies: Record<string, string>
    }
    const oldest = (name: string): string => /^>=(\d+\.\d+\.\d+) /.exec(peerDependencies[name]!)![1]!
    await room.install(`onnxruntime-node@${oldest('onnxruntime-node')}`, `sharp@${oldest('sharp')}`)
    const old = await smoke()
    expect(old).toMatchObject({
      backend: `onnxruntime-node ${oldest('onnxruntime-node')}`,
      decoder: `sharp ${oldest('sharp')}`,
    })
    expect(furthest(old, answers['sharp']!)).toBeLessThan(1e-6)
  })
})

const manifestVersion = (JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string })
  .version
