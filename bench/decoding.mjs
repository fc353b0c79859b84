// `node bench/decoding.mjs`: time and memory of decoding, with sharp and without, and beside Pillow where a Python with it is
// named. A process of its own for each figure, since a peak of memory is that of a process. The table goes to stdout.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cache, ensureBuilt, root } from './build.mjs'
import { drawing } from './pictures.mjs'
import { number, table } from './table.mjs'
import { runScript, UsageError } from './terminal.mjs'

const HELP = `node bench/decoding.mjs [options]

  --side N         pictures of N × N pixels (default 2048)
  --runs N         of each the fastest counts (default 3)
  --only LIST      some of the kinds
  --pillow PYTHON  a Python with Pillow, to compare with
                   (Linux: memory is read from /proc)
  --json FILE      also write every figure
`

/** Kinds of files, and how sharp writes them. */
const KINDS = {
  'jpeg-420': (image) => image.jpeg({ quality: 90 }).toBuffer(),
  'jpeg-444': (image) => image.jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer(),
  'jpeg-progressive': (image) => image.jpeg({ quality: 90, progressive: true }).toBuffer(),
  'jpeg-gray': (image) => image.grayscale().jpeg({ quality: 90 }).toBuffer(),
  'png-rgb': (image) => image.png().toBuffer(),
  'png-rgba': (image) => image.ensureAlpha(0.5).png().toBuffer(),
  'png-palette': (image) => image.png({ palette: true }).toBuffer(),
  'png-rgb16': (image) => image.toColourspace('rgb16').png().toBuffer(),
  webp: (image) => image.webp({ quality: 90 }).toBuffer(),
  'webp-lossless': (image) => image.webp({ lossless: true, effort: 1 }).toBuffer(),
  avif: (image) => image.avif({ quality: 80, effort: 1 }).toBuffer(),
  gif: (image) => image.gif({ effort: 1 }).toBuffer(),
  'tiff-lzw': (image) => image.tiff({ compression: 'lzw' }).toBuffer(),
  'tiff-deflate': (image) => image.tiff({ compression: 'deflate' }).toBuffer(),
  bmp: async (image) => bitmap(await image.raw().toBuffer({ resolveWithObject: true })),
}

/** Seconds and bytes of one decode in this process, after a small one. */
const CHILD = `
import { readFileSync, writeFileSync } from 'node:fs'
const [, entry, sharp, small, large] = process.argv
const held = (name) => 1024 * Number(new RegExp(name + ':[^0-9]*([0-9]+)').exec(readFileSync('/proc/self/status', 'utf8'))[1])
const { createNodeDecoder } = await import(entry)
const decoder = createNodeDecoder({ threads: 1, sharp })
await decoder.decode(small)
// Forgets the peak so far; the system's usual count would be that of the program that started this one.
writeFileSync('/proc/self/clear_refs', '5')
const before = held('VmRSS')
const start = performance.now()
await decoder.decode(large)
const seconds = (performance.now() - start) / 1000
const peak = held('VmHWM')
console.log(JSON.stringify({ seconds, bytes: Math.max(0, peak - before) }))
await decoder.dispose()`

const PILLOW = `
import json, re, sys, time
from PIL import Image
Image.MAX_IMAGE_PIXELS = None
def decode(path):
    return Image.open(path).convert("RGB")
decode(sys.argv[1])
held = lambda name: 1024 * int(re.search(name + "[^0-9]*([0-9]+)", open("/proc/self/status").read())[1])
open("/proc/self/clear_refs", "w").write("5")
before = held("VmRSS")
start = time.perf_counter()
decode(sys.argv[2])
print(json.dumps({"seconds": time.perf_counter() - start, "bytes": max(0, held("VmHWM") - before)}))`

await runScript(
  async (signal, terminal) => {
    const options = readOptions()
    if (!options) return void process.stdout.write(HELP)
    const { side, runs, only, pillow, json } = options
    ensureBuilt(terminal)
    const entry = join(root, 'dist/node.js')
    const node = (sharp) => (small, large) =>
      answerOf(process.execPath, ['--input-type=module', '-e', CHILD, entry, sharp, small, large])
    const sides = {
      sharp: node('auto'),
      wasm: node('never'),
      ...(pillow ? { pillow: (small, large) => answerOf(pillow, ['-c', PILLOW, small, large]) } : {}),
    }
    const results = {}
    for (const kind of only) {
      const [small, large] = [await picture(kind, 64, terminal), await picture(kind, side, terminal)]
      terminal.step(`Decoding ${kind}`)
      results[kind] = {}
      for (const [name, decode] of Object.entries(sides)) {
        const rounds = []
        for (let run = 0; run < runs; run++) {
          signal.throwIfAborted()
          rounds.push(decode(small, large))
        }
        results[kind][name] = {
          seconds: Math.min(...rounds.map(({ seconds }) => seconds)),
          bytes: Math.min(...rounds.map(({ bytes }) => bytes)),
        }
      }
    }
    terminal.clear()
    process.stdout.write(
      `${side} × ${side} pixels, fastest of ${runs}; memory over what the process had before\n`,
    )
    process.stdout.write(`${report(results, Object.keys(sides))}\n`)
    if (json) writeFileSync(json, `${JSON.stringify({ side, runs, results }, null, 1)}\n`)
  },
  () => {},
)

function readOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: {
      side: { ...text, default: '2048' },
      runs: { ...text, default: '3' },
      only: { ...text, default: Object.keys(KINDS).join() },
      pillow: text,
      json: text,
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return undefined
  const only = values.only.split(',')
  const unknown = only.find((kind) => !(kind in KINDS))
  if (unknown !== undefined)
    throw new UsageError(`--only ${unknown}: use some of ${Object.keys(KINDS).join(', ')}.`)
  for (const name of ['side', 'runs'])
    if (!/^[1-9]\d*$/.test(values[name]))
      throw new UsageError(`--${name} ${values[name]}: give a whole number from 1.`)
  return { ...values, only, side: Number(values.side), runs: Number(values.runs) }
}

function answerOf(program, args) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new UsageError(`${program} failed:\n${stderr}`)
  return JSON.parse(stdout)
}

/** The path of a file of that kind, made once. */
async function picture(kind, side, terminal) {
  const folder = join(cache, 'decoding')
  const path = join(folder, `${kind}-${side}`)
  if (existsSync(path)) return path
  terminal.step(`Drawing ${kind}, ${side} × ${side}`)
  const { default: sharp } = await import('sharp')
  mkdirSync(folder, { recursive: true })
  const image = sharp(drawing(1, side), { raw: { width: side, height: side, channels: 3 } })
  writeFileSync(path, await KINDS[kind](image))
  return path
}

/** A BMP of 24 bits, from the lowest row up. */
function bitmap({ data, info: { width, height } }) {
  const stride = (3 * width + 3) & ~3
  const file = Buffer.alloc(54 + stride * height)
  file.write('BM', 0, 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(width, 18)
  file.writeInt32LE(height, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  for (let y = 0; y < height; y++) {
    const row = 54 + (height - 1 - y) * stride
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++) file[row + 3 * x + c] = data[3 * (y * width + x) + 2 - c]
  }
  return file
}

function report(results, names) {
  const compared = names.includes('pillow') ? ['sharp', 'wasm'] : []
  const header = [
    'file',
    ...names.map((name) => `${name}, s`),
    ...names.map((name) => `${name}, MB`),
    ...compared.map((name) => `${name}: time, memory of Pillow's`),
  ]
  const rows = Object.entries(results).map(([kind, figures]) => [
    kind,
    ...names.map((name) => number(figures[name].seconds)),
    ...names.map((name) => (figures[name].bytes / 1e6).toFixed(0)),
    ...compared.map((name) => {
      const of = (key) => `${(figures[name][key] / figures.pillow[key]).toFixed(1)}×`
      return `${of('seconds')}, ${of('bytes')}`
    }),
  ])
  return table(header, rows)
}
