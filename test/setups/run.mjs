// `npm run test:setups [-- NAME…]`: installs, builds and runs the projects beside this file with the packed package.
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mustRun } from './common/checks.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../..')
const all = (await readdir(here, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory() && entry.name !== 'common')
  .map(({ name }) => name)
const names = process.argv.length > 2 ? process.argv.slice(2) : all
const unknown = names.filter((name) => !all.includes(name))
if (unknown.length > 0)
  throw new Error(`There is no set-up ${unknown.join(', ')}. There are ${all.join(', ')}.`)

// Outside the repository: package managers and bundlers look upwards for what they know.
const place = join(tmpdir(), 'icthp-setups')
await mkdir(place, { recursive: true })
const [packed] = Object.values(
  JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', place], {
      cwd: root,
      encoding: 'utf8',
    }),
  ),
)
const tarball = join(place, packed.filename)
// Only the registry is needed: no install script fetches libraries from elsewhere.
const env = {
  ONNXRUNTIME_NODE_INSTALL: 'skip',
  NEXT_TELEMETRY_DISABLED: '1',
  ORT_DISABLE_TELEMETRY: '1',
  NODE_ENV: '',
}
const npm = [
  ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'],
]

const failed = []
for (const name of names) {
  const began = Date.now()
  const folder = join(place, name)
  try {
    await rm(folder, { recursive: true, force: true })
    await cp(join(here, 'common'), folder, { recursive: true })
    await cp(join(here, name), folder, { recursive: true })
    await cp(join(root, 'examples/images/red-apple.jpg'), join(folder, 'red-apple.jpg'))
    await writePage(join(folder, 'page'))
    const text = await readFile(join(folder, 'package.json'), 'utf8')
    await writeFile(join(folder, 'package.json'), text.replace('"icthp": "*"', `"icthp": "file:${tarball}"`))
    const { setup = {} } = JSON.parse(text)
    for (const [command, ...args] of setup.install ?? npm) await mustRun(command, args, { cwd: folder, env })
    await mustRun(process.execPath, ['check.mjs'], { cwd: folder, env: { ...env, ICTHP_TARBALL: tarball } })
    console.log(`ok      ${name} (${Math.round((Date.now() - began) / 1000)} s)`)
  } catch (error) {
    failed.push(name)
    console.log(`FAILED  ${name}\n${error.message}`)
  }
}
if (failed.length > 0) {
  console.log(`${failed.length} of ${names.length} failed: ${failed.join(', ')}`)
  process.exitCode = 1
}

/** The page of examples/vite, its script named by a path beside it, for other bundlers to build. */
async function writePage(folder) {
  await mkdir(folder)
  for (const name of ['index.html', 'main.js']) {
    const text = await readFile(join(root, 'examples/vite', name), 'utf8')
    await writeFile(join(folder, name), text.replace('src="/main.js"', 'src="./main.js"'))
  }
}
