// The parts one by one, with tinybench: resizing, normalising, tokenising, and decoding of each kind of file.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cache, root } from '../build.mjs'
import { drawing, prompt } from '../pictures.mjs'
import { number, table } from '../table.mjs'

const SIDE = 1024

/** Milliseconds: `median`, and `high`, which three quarters do not pass. */
export async function measure({ terminal, signal, quick }) {
  terminal.step('Parts one by one')
  const [
    { Bench },
    { default: sharp },
    { ClipTokenizer },
    { decodeImage, cropImage, normalise, createNodeCodecs },
  ] = await Promise.all([import('tinybench'), import('sharp'), import('icthp/node'), bundleInner()])
  const pixels = (seed, side) => ({ data: drawing(seed, side), width: side, height: side, channels: 3 })
  const [rgb, wide] = [pixels(0, SIDE), pixels(1, 2 * SIDE)]
  const spec = { size: 224 }
  const crop = cropImage(rgb, spec)
  const tokenizer = new ClipTokenizer()
  const long = Array.from({ length: 8 }, (_, i) => prompt(i)).join('; ')

  const bench = new Bench({
    time: quick ? 50 : 400,
    warmupTime: quick ? 10 : 100,
    iterations: 10,
    warmupIterations: 3,
  })
  bench.add('resize 1024² to 224²', () => void cropImage(rgb, spec))
  bench.add('resize 1024² to 224², without WebAssembly', () => void cropImage(rgb, spec, 'js'))
  bench.add('resize 2048² to 224²', () => void cropImage(wide, spec))
  bench.add('normalise 224²', () => void normalise(crop))
  bench.add('tokenise an ordinary prompt', () => void tokenizer.encode(prompt(3)))
  bench.add('tokenise 120 words', () => void tokenizer.encode(long))
  bench.add(
    'tokenise text that must be mended',
    () => void tokenizer.encode('a caf&eacute; at night â€” “neon”, 日本語 🐉'),
  )

  const picture = sharp(rgb.data, { raw: { width: SIDE, height: SIDE, channels: 3 } })
  const kinds = {
    JPEG: picture.clone().jpeg({ quality: 95 }),
    'progressive JPEG': picture.clone().jpeg({ quality: 95, progressive: true }),
    PNG: picture.clone().png(),
    WebP: picture.clone().webp({ quality: 90 }),
    'lossless WebP': picture.clone().webp({ lossless: true, effort: 2 }),
    AVIF: picture.clone().avif({ quality: 60, effort: 2 }),
    GIF: picture.clone().gif({ effort: 1 }),
    TIFF: picture.clone().tiff({ compression: 'lzw' }),
  }
  const codecs = [await createNodeCodecs('auto'), await createNodeCodecs('never')]
  for (const [kind, encoder] of Object.entries(kinds)) {
    const bytes = await encoder.toBuffer()
    for (const codec of codecs)
      bench.add(`decode ${kind} 1024², ${codec.name}`, async () => void (await decodeImage(bytes, codec)))
  }
  bench.addEventListener('cycle', ({ task }) => terminal.detail(task?.name ?? ''))
  await bench.run()
  signal.throwIfAborted()
  return bench.tasks.map(({ name, result: { latency, error } }) => {
    if (!latency) throw new Error(`${name} failed`, { cause: error })
    return { name, median: latency.p50, high: latency.p75 }
  })
}

/** These parts are no public API, so they are bundled from src/. */
async function bundleInner() {
  const { build } = await import('tsup')
  const outDir = join(cache, 'inner')
  const entry = Object.fromEntries(
    ['decode-image', 'preprocess', 'codecs/codecs-node'].map((name) => [
      name,
      join(root, `src/image/${name}.ts`),
    ]),
  )
  await build({ config: false, entry, outDir, format: 'esm', target: 'node20', dts: false, silent: true })
  const parts = await Promise.all(
    Object.keys(entry).map((name) => import(pathToFileURL(join(outDir, `${name}.js`)).href)),
  )
  return Object.assign({}, ...parts)
}

export function report(results) {
  return [
    'Parts on one thread, milliseconds: the median, and what three quarters do not pass.',
    '',
    table(
      ['', 'median', '75 %'],
      results.map(({ name, median, high }) => [name, number(median), number(high)]),
    ),
  ]
}
