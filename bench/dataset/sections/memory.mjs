import { execFile } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '../../build.mjs'
import { within } from '../within.mjs'
import { writeTar } from '../write-tar.mjs'

const run = promisify(execFile)
const MB = 1e6

async function measureMemory(source, folder) {
  const args = ['--source', source, '--out', join(folder, 'out'), '--model', join(root, 'models/demo')]
  const { stdout } = await run(process.execPath, [join(root, 'bench/dataset/memory-child.mjs'), ...args])
  rmSync(join(folder, 'out'), { recursive: true, force: true })
  return JSON.parse(stdout)
}

function memoryLine(what, { rows, before, peak, early, late, seconds }) {
  const above = (peak - before) / MB
  const grown = (late - early) / MB
  const figure = `${above.toFixed(0)} MB above the model; second half ${grown >= 0 ? '+' : ''}${grown.toFixed(0)} MB (${rows} rows, ${seconds.toFixed(0)} s)`
  return [what, figure, 'flat, < 600 MB', above < 600]
}

/** The most that a process has above its model, over many pictures and over a large tar. */
export async function measure({ pictures, gigabytes, detail }) {
  const { default: sharp } = await import('sharp')
  const small = await sharp({ create: { width: 32, height: 32, channels: 3, background: '#a63' } })
    .jpeg()
    .toBuffer()
  const lines = []
  lines.push(
    await within(async (folder) => {
      detail(`${pictures} pictures`)
      const perTar = 10_000
      mkdirSync(join(folder, 'in'))
      for (let t = 0; t * perTar < pictures; t++)
        await writeTar(join(folder, 'in', `${t}.tar`), Math.min(perTar, pictures - t * perTar), () => small)
      return memoryLine(
        `memory over ${pictures.toLocaleString('en')} pictures`,
        await measureMemory(join(folder, 'in'), folder),
      )
    }),
  )
  lines.push(
    await within(async (folder) => {
      detail(`a tar of ${gigabytes} GB`)
      // A picture with a megabyte behind its end, which decoders pass over.
      const large = Buffer.concat([small, Buffer.alloc(1e6)])
      await writeTar(join(folder, 'large.tar'), Math.round((gigabytes * 1e9) / large.length), () => large)
      return memoryLine(
        `memory over a tar of ${gigabytes} GB`,
        await measureMemory(join(folder, 'large.tar'), folder),
      )
    }),
  )
  return lines
}
