// `node bench/decoding.mjs`: time and memory of decoding, with sharp and without, and beside Pillow where a Python with it is
// named. Time is the processor's, of all threads, so that others on the machine disturb it less; the sides take turns, each in a
// process of its own, since a peak of memory is that of a process. The table goes to stdout.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cache, ensureBuilt, root } from './build.mjs'
import { drawing } from './pictures.mjs'
import { median } from './statistics.mjs'
import { number, table } from './table.mjs'
import { runScript, UsageError } from './terminal.mjs'

const HELP = `node bench/decoding.mjs [options]

  --side N         pictures of N × N pixels (default 2048)
  --runs N         processes of each, of which the median counts (default 5)
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
  'jpeg-cmyk': (image) => image.toColourspace('cmyk').jpeg({ quality: 90 }).toBuffer(),
  'png-rgb': (image) => image.png().toBuffer(),
  'png-rgba': (image) => image.ensureAlpha(0.5).png().toBuffer(),
  'png-palette': (image) => image.png({ palette: true }).toBuffer(),
  'png-gray': (image) => image.grayscale().png().toBuffer(),
  'png-rgb16': (image) => image.toColourspace('rgb16').png().toBuffer(),
  webp: (image) => image.webp({ quality: 90 }).toBuffer(),
  'webp-lossless': (image) => image.webp({ lossless: true, effort: 1 }).toBuffer(),
  avif: (image) => image.avif({ quality: 80, effort: 1 }).toBuffer(),
  gif: (image) => image.gif({ effort: 1 }).toBuffer(),
  'tiff-lzw': (image) => image.tiff({ compression: 'lzw' }).toBuffer(),
  'tiff-deflate': (image) => image.tiff({ compression: 'deflate' }).toBuffer(),
  'tiff-raw': (image) => image.tiff({ compression: 'none' }).toBuffer(),
  bmp: async (image) => bitmap(await image.raw().toBuffer({ resolveWithObject: true })),
}

/** Decodes of the large picture in a process: the first, before which code is still to be compiled, and those after it. */
const TIMES = 5

/** Seconds of the first decode in this process after a small one, of the later ones, and bytes. */
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
let bytes
const seconds = []
for (let i = 0; i < ${TIMES}; i++) {
  const start = process.cpuUsage()
  await decoder.decode(large)
  const { user, system } = process.cpuUsage(start)
  seconds.push((user + system) / 1e6)
  bytes ??= Math.max(0, held('VmHWM') - before)
}
console.log(JSON.stringify({ seconds, bytes }))
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
size = None
seconds = []
for i in range(${TIMES}):
    start = time.process_time()
    decode(sys.argv[2])
    seconds.append(time.process_time() - start)
    size = size or max(0, held("VmHWM") - before)
print(json.dumps({"seconds": seconds, "bytes": size}))`

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
      const rounds = Object.fromEntries(Object.keys(sides).map((name) => [name, []]))
      for (let run = 0; run < runs; run++) {
        for (const [name, decode] of Object.entries(sides)) {
          signal.throwIfAborted()
          rounds[name].push(decode(small, large))
        }
      }
      for (const name of Object.keys(sides)) {
        const of = (figure) => median(rounds[name].map(figure))
        results[kind][name] = {
          first: of(({ seconds }) => seconds[0]),
          later: of(({ seconds }) => median(seconds.slice(1))),
          bytes: of(({ bytes }) => bytes),
        }
      }
    }
    terminal.clear()
    process.stdout.write(
      `${side} × ${side} pixels, median of ${runs}: seconds of the processor, of a process's first decode and of later ones;\nmemory over what the process had before\n`,
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
      runs: { ...text, default: '5' },
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
    ...names.map((name) => `${name}: s`),
    ...names.map((name) => `${name}: MB`),
    ...compared.map((name) => `${name}: first, later, memory of Pillow's`),
  ]
  const rows = Object.entries(results).map(([kind, figures]) => [
    kind,
    ...names.map((name) => `${number(figures[name].first)}, ${number(figures[name].later)}`),
    ...names.map((name) => (figures[name].bytes / 1e6).toFixed(0)),
    ...compared.map((name) =>
      ['first', 'later', 'bytes']
        .map((key) => `${(figures[name][key] / figures.pillow[key]).toFixed(1)}×`)
        .join(', '),
    ),
  ])
  return table(header, rows)
}
