// 20,000 images as arguments, as a list, as a folder and as a table: how long until the first row, and how much memory grows
// until the last. `node bench/lists.mjs [images] [rows]`, after `npm run build`, ends each run after so many rows (default
// all); the demo model scores one small picture under many names, so that what is measured is the way to it.
import { spawn } from 'node:child_process'
import { link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../dist/cli/icthp.js', import.meta.url))
const DEMO = fileURLToPath(new URL('../models/demo', import.meta.url))
const COUNT = Number(process.argv[2] ?? 20_000)
const ROWS = Math.min(COUNT, Number(process.argv[3] ?? COUNT))
const MB = 1e6

/** 8×8 pixels of one colour. */
const BMP = (() => {
  const file = Buffer.alloc(54 + 192, 128)
  file.fill(0, 0, 54)
  file.write('BM')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(8, 18)
  file.writeInt32LE(8, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  return file
})()

async function memoryOf(pid) {
  try {
    const [, kilobytes] = /^RssAnon:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))
    return 1024 * Number(kilobytes)
  } catch {
    return NaN
  }
}

/** Seconds to the first row and the last, and bytes of its own memory at a tenth of the rows and at its highest after that. */
async function measure(args, cwd) {
  const from = performance.now()
  const child = spawn(process.execPath, [CLI, 'score', ...args, '--ndjson', '-q', '-m', DEMO, '-d', 'cpu'], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const run = { rows: 0 }
  const closed = new Promise((resolve) => child.once('close', resolve))
  for await (const _line of createInterface(child.stdout)) {
    run.rows++
    if (run.rows === 1) run.first = (performance.now() - from) / 1000
    if (run.rows === Math.ceil(ROWS / 10)) run.settled = await memoryOf(child.pid)
    if (run.rows === ROWS && ROWS < COUNT) child.kill()
    if (run.settled && run.rows % 200 === 0) run.most = Math.max(run.most ?? 0, await memoryOf(child.pid))
  }
  // Ended by us it has a signal, and 143.
  if (![0, 143, null].includes(await closed)) throw new Error(`icthp score ended with ${child.exitCode}`)
  return { ...run, all: (performance.now() - from) / 1000 }
}

const folder = await mkdtemp(join(tmpdir(), 'icthp-lists-'))
try {
  await writeFile(join(folder, 'one.bmp'), BMP)
  await mkdir(join(folder, 'many'))
  const names = Array.from({ length: COUNT }, (_, i) => `many/${String(i).padStart(6, '0')}.bmp`)
  for (const name of names) await link(join(folder, 'one.bmp'), join(folder, name))
  await writeFile(join(folder, 'list.txt'), names.join('\n'))
  await writeFile(
    join(folder, 'pairs.csv'),
    `image,prompt\n${names.map((name, i) => `${name},"a fox, ${i >> 2}"`).join('\n')}\n`,
  )
  const ways = {
    arguments: [...names, '-p', 'a fox'],
    'a list': ['--list', 'list.txt', '-p', 'a fox'],
    'a folder': ['many', '-p', 'a fox'],
    'a table, four images a prompt': ['--pairs', 'pairs.csv'],
  }
  for (const [way, args] of Object.entries(ways)) {
    // Beside each other, since other work on the machine comes and goes.
    const alone = await measure(['one.bmp', '-p', 'a fox'], folder)
    const { first, all, rows, settled, most } = await measure(args, folder)
    console.log(
      `${rows} images as ${way}: first row after ${first.toFixed(2)} s, of one image after ${alone.first.toFixed(2)} s; memory ` +
        `${(settled / MB).toFixed(0)} MB after a tenth, ${(most / MB).toFixed(0)} MB at most after that; ${all.toFixed(0)} s in all`,
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
