// Every version of Node that is supported says what this one says. They come from the npm registry, as packages.
import { arch, platform } from 'node:process'
import { check, mustRun } from './checks.mjs'

const VERSIONS = [20, 22, 24, 26]
const SYSTEMS = { linux: 'linux', darwin: 'darwin', win32: 'win' }

const here = await mustRun(process.execPath, ['work.mjs'])
for (const version of VERSIONS) {
  const folder = `node-${version}`
  const name = `node-${SYSTEMS[platform]}-${arch}`
  await mustRun('npm', ['install', '--prefix', folder, '--no-save', '--loglevel=error', `${name}@${version}`])
  const said = await mustRun(`${folder}/node_modules/${name}/bin/node`, ['work.mjs'])
  check(said === here, `Node ${version} says\n${said}\nand this one\n${here}`)
}
