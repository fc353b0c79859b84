import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from './pages.ts'
import { mustRun, run } from './room.ts'

/** The Node releases that icthp is for: the oldest that will do, and the newest of each line. */
export const NODE_VERSIONS = ['20.19.0', '22', '24', '26'] as const

/** npm packages that hold one Node binary each. */
function packageNames(): string[] {
  const { platform, arch } = process
  const system = platform === 'win32' ? 'win' : platform
  return [`node-${system}-${arch}`, `node-bin-${system}-${arch}`]
}

/**
 * A Node binary from the npm registry, kept in node_modules/.cache/icthp-nodes. Returns its path, or why there is none
 * for this machine.
 */
export async function nodeBinary(
  version: string,
): Promise<{ readonly path: string } | { readonly missing: string }> {
  if (
    process.platform === 'linux' &&
    !('glibcVersionRuntime' in (process.report.getReport() as { header: object }).header)
  ) {
    return { missing: "the registry's Node binaries for Linux need glibc" }
  }
  const folder = join(root, 'node_modules/.cache/icthp-nodes', version)
  const path = join(
    folder,
    'node_modules/node-binary',
    process.platform === 'win32' ? 'bin/node.exe' : 'bin/node',
  )
  if (existsSync(path)) return { path }
  for (const name of packageNames()) {
    const { stdout } = await run(
      'npm',
      ['view', '--prefer-offline', `${name}@${version}`, 'version', '--json'],
      { cwd: root },
    )
    const found = (JSON.parse(stdout || 'null') ?? {}) as { error?: unknown }
    if (stdout === '' || found.error) continue
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
    const args = [
      'install',
      '--prefer-offline',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ]
    await mustRun('npm', [...args, `node-binary@npm:${name}@${version}`], { cwd: folder })
    if (existsSync(path)) return { path }
  }
  return { missing: `the registry has no Node ${version} as ${packageNames().join(' or ')}` }
}
