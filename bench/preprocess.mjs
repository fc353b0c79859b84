// Times the path from a JPEG file's bytes to pixel_values against Pillow and transformers' image processor.
//
//   node bench/preprocess.mjs [--reference PYTHON] [--rounds N] [IMAGE.jpg]
//
// PYTHON needs Pillow, numpy and transformers. Both sides work in one thread and take turns, so that other load on the machine
// meets both; medians are shown. Without an image, a drawing of 1024 × 1024 in JPEG quality 95 is made.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'tsup'

const { values, positionals } = parseArgs({
  options: { reference: { type: 'string' }, rounds: { type: 'string', default: '60' } },
  allowPositionals: true,
})

const root = fileURLToPath(new URL('..', import.meta.url))
const outDir = `${root}node_modules/.cache/icthp-bench`
const names = ['decode-image', 'preprocess', 'codecs-node']
await build({
  config: false,
  entry: names.map((name) => `${root}src/image/${name}.ts`),
  outDir,
  format: 'esm',
  target: 'node20',
  dts: false,
  silent: true,
})
const [{ decodeImage, toRgb }, { cropImage, normalise }, { createNodeCodecs }] = await Promise.all(
  names.map((name) => import(`${outDir}/${name}.js`)),
)

const path = positionals[0] ?? (await drawing())
const bytes = readFileSync(path)
const sharp = await createNodeCodecs('auto')
const wasm = await createNodeCodecs('never')
const rgb = toRgb(await decodeImage(bytes, sharp))
const spec = { size: 224 }

const tasks = {
  [`decode, ${sharp.name}`]: () => decodeImage(bytes, sharp),
  'decode, wasm': () => decodeImage(bytes, wasm),
  'resize and crop': () => cropImage(rgb, spec),
  'resize and crop, without wasm': () => cropImage(rgb, spec, 'js'),
  [`JPEG → pixel_values, ${sharp.name}`]: async () => normalise(cropImage(await decodeImage(bytes, sharp), spec)),
  'JPEG → pixel_values, wasm': async () => normalise(cropImage(await decodeImage(bytes, wasm), spec)),
}
const reference = values.reference && (await startReference(values.reference))
const times = {}
const rounds = Number(values.rounds)
for (let round = -3; round < rounds; round++) {
  for (const [name, task] of Object.entries(tasks)) {
    const start = performance.now()
    await task()
    if (round >= 0) (times[name] ??= []).push(performance.now() - start)
  }
  if (!reference) continue
  for (const [name, time] of Object.entries(await reference.round())) if (round >= 0) (times[name] ??= []).push(time)
}
reference?.end()

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]
console.log(`${path}: ${rgb.width} × ${rgb.height}, ${rounds} rounds, medians in ms`)
for (const [name, list] of Object.entries(times)) {
  const other =
    times[name.startsWith('decode') ? 'Pillow decode' : name.startsWith('resize') ? 'Pillow resize' : 'Pillow and transformers']
  const ratio = other && !name.startsWith('Pillow') ? `${(median(list) / median(other)).toFixed(2)}×` : ''
  console.log(`${name.padEnd(40)} ${median(list).toFixed(2).padStart(8)} ${ratio.padStart(8)}`)
}

async function startReference(python) {
  const script = `
import io, json, sys, time
import torch; torch.set_num_threads(1)
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
data = open(sys.argv[1], 'rb').read()
processor = CLIPImageProcessorPil()
image = Image.open(io.BytesIO(data)).convert('RGB')
short = min(image.size); size = tuple(224 * side // short for side in image.size)
def timed(task):
    start = time.perf_counter(); task(); return (time.perf_counter() - start) * 1e3
for _ in sys.stdin:
    print(json.dumps({
        'Pillow decode': timed(lambda: Image.open(io.BytesIO(data)).convert('RGB')),
        'Pillow resize': timed(lambda: image.resize(size, Image.Resampling.BICUBIC)),
        'Pillow and transformers': timed(lambda: processor(images=Image.open(io.BytesIO(data)).convert('RGB'), return_tensors='pt')),
    }), flush=True)
`
  const child = spawn(python, ['-c', script, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    round: async () => {
      child.stdin.write('\n')
      const { value, done } = await lines.next()
      if (done) throw new Error(`${python} ended; it needs Pillow, torch and transformers`)
      return JSON.parse(value)
    },
    end: () => child.stdin.end(),
  }
}

async function drawing() {
  const size = 1024
  const data = new Uint8Array(size * size * 3)
  for (let y = 0, i = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      data[i++] = 128 + 100 * Math.sin(x / 17 + y / 90)
      data[i++] = (x ^ y) & 255
      data[i++] = 128 + 60 * Math.sin(y / 11) + 30 * Math.cos(x / 5)
    }
  }
  const { default: draw } = await import('sharp')
  const file = `${tmpdir()}/icthp-bench.jpg`
  writeFileSync(
    file,
    await draw(data, { raw: { width: size, height: size, channels: 3 } })
      .jpeg({ quality: 95 })
      .toBuffer(),
  )
  return file
}
