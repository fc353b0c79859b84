import { spawn } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { preview, type PreviewServer } from 'vite'
import { freePort } from '../free-port.ts'
import { root } from '../package/pages.ts'
import { mustRun } from '../package/room.ts'

/** They make a page cross-origin isolated. */
const ISOLATION: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export interface ExampleRoom {
  readonly folder: string
  /** As `npm run NAME -- ARGS` in the example's folder. */
  script(name: string, ...args: readonly string[]): Promise<void>
}

/**
 * A copy of an example with its packages, icthp from the tarball. The packages stay in .cache/ between runs, so
 * that only the first needs the network.
 */
export async function exampleRoom(name: string, tarball: string): Promise<ExampleRoom> {
  const folder = join(root, '.cache/examples', name)
  await mkdir(folder, { recursive: true })
  const source = join(root, 'examples', name)
  await cp(source, folder, {
    recursive: true,
    filter: (path) => !/[\\/](node_modules|dist|\.next|model)$/.test(path),
  })
  const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  manifest.dependencies['icthp'] = `file:${tarball}`
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  // The lock remembers the digest of the last tarball, which is another one now.
  await rm(join(folder, 'package-lock.json'), { force: true })
  await rm(join(folder, 'node_modules/icthp'), { recursive: true, force: true })
  await mustRun(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'],
    { cwd: folder },
  )
  return {
    folder,
    script: async (script, ...args) =>
      void (await mustRun('npm', ['run', script, '--', ...args], {
        cwd: folder,
        env: { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
      })),
  }
}

export interface Served {
  readonly url: string
  close(): Promise<void>
}

/** Serves a folder as a web server does that was told to send these headers. */
export async function serve(
  folder: string,
  headers: Readonly<Record<string, string>> = ISOLATION,
): Promise<Served> {
  const server: PreviewServer = await preview({
    root: folder,
    configFile: false,
    appType: 'mpa',
    logLevel: 'silent',
    build: { outDir: folder },
    preview: { port: await freePort(), strictPort: true, host: '127.0.0.1', headers: { ...headers } },
  })
  return { url: server.resolvedUrls!.local[0]!, close: () => server.close() }
}

/** `next start` in the example's folder. */
export async function serveNext(folder: string): Promise<Served> {
  const port = await freePort()
  const next = spawn(
    process.execPath,
    [join(folder, 'node_modules/next/dist/bin/next'), 'start', '-H', '127.0.0.1', '-p', String(port)],
    {
      cwd: folder,
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += String(chunk)
      if (said.includes('Ready')) resolve()
    }
    next.stdout.on('data', hear)
    next.stderr.on('data', hear)
    next.on('exit', (code) => reject(new Error(`next start ended with ${code}: ${said}`)))
  })
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        next.removeAllListeners('exit').on('exit', () => resolve())
        next.kill()
      }),
  }
}
