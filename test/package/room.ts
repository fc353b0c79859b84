import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from '../once.ts'
import { root } from './pages.ts'

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. npm and npx are scripts that only a shell finds on Windows. */
export function run(
  command: string,
  args: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env?: Record<string, string> },
): Promise<Ended> {
  const shell = process.platform === 'win32' && /^np[mx]$/.test(command)
  return new Promise((resolve) => {
    const options = { cwd, shell, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }
    execFile(command, args, options, (error, stdout, stderr) => {
      const failed = typeof error?.code === 'number' ? error.code : 1
      resolve({ code: error ? failed : 0, stdout, stderr })
    })
  })
}

/** As {@link run}; throws what the program wrote where it fails. Returns its stdout. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: Parameters<typeof run>[2],
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`)
  return stdout
}

const newest = (folder: string): number =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((most, entry) => Math.max(most, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0)

export interface Packed {
  readonly tarball: string
  readonly files: readonly { readonly path: string; readonly size: number }[]
}

/** What `npm publish` would send, from `dist/` as it is; packed once for all. Throws where that is older than the sources. */
export async function pack(): Promise<Packed> {
  const folder = await once('packed', async (place) =>
    writeFile(join(place, 'packed.json'), JSON.stringify(await packInto(place))),
  )
  return JSON.parse(await readFile(join(folder, 'packed.json'), 'utf8')) as Packed
}

async function packInto(folder: string): Promise<Packed> {
  if (!existsSync(`${root}dist/index.d.ts`) || newest('dist') < newest('src')) {
    throw new Error('dist/ is not there, or older than src/. Run `npm run build` first.')
  }
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const answer = JSON.parse(await mustRun('npm', args, { cwd: root })) as unknown
  // npm 12 answers with an object by package name, npm 10 and 11 with a list.
  const [packed] = Object.values(answer as object) as [
    { filename: string; files: { path: string; size: number }[] },
  ]
  return { tarball: join(folder, packed.filename), files: packed.files }
}

/** The version of a development dependency as it is here: npm's cache has it. */
export const installedVersion = (name: string): string =>
  (JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, 'utf8')) as { version: string })
    .version

export interface Room {
  readonly folder: string
  /** Installs packages as a user without access to anything but the registry does. */
  install(...packages: readonly string[]): Promise<void>
  run(command: string, ...args: readonly string[]): Promise<Ended>
  remove(): Promise<void>
}

/** An empty folder outside the repository, as a user begins. */
export async function emptyRoom(): Promise<Room> {
  const folder = await mkdtemp(join(tmpdir(), 'icthp-package-'))
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const npm = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  return {
    folder,
    install: async (...packages) => {
      await mustRun('npm', [...npm, ...packages], { cwd: folder, env: { ONNXRUNTIME_NODE_INSTALL: 'skip' } })
    },
    // Without npm's own warnings, of settings that it inherits from whoever runs the tests.
    run: (command, ...args) =>
      run(command, args, {
        cwd: folder,
        env: { ICTHP_MODEL: join(folder, 'models-out'), npm_config_loglevel: 'error' },
      }),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  }
}
