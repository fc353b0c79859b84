// The parts one by one, with tinybench: resizing, normalising, tokenising, and decoding of each kind of file.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cache, root } from '../build.mjs'
import { drawing, prompt } from '../pictures.mjs'

/** @typedef {import('../bench.mjs').Context} Context */
/** @typedef {{ name: string, median: number, low: number, high: number, samples: number }} MicroResult milliseconds; low is the least, high the 75th percentile */

const SIDE = 1024

/**
 * @param {Context} context
 * @returns {Promise<MicroResult[]>}
 */
export async function measureMicro({ terminal, signal }) {
  terminal.step('Parts one by one')
  const [{ Bench }, { default: sharp }, { ClipTokenizer }, inner] = await Promise.all(
    [import('tinybench'), import('sharp'), import('icthp/node'), bundleInner()])
  const { decodeImage, cropImage, normalise, createNodeCodecs } = inner
  const data = drawing(0)
  const rgb = { data, width: SIDE, height: SIDE, channels: /** @type {const} */ (3) }
  const wide = { data: drawing(1, 2048), width: 2048, height: 2048, channels: /** @type {const} */ (3) }
  const spec = { size: 224 }
  const crop = cropImage(rgb, spec)
  const tokenizer = new ClipTokenizer()
  const long = Array.from({ length: 8 }, (_, i) => prompt(i)).join('; ')

  const bench = new Bench({ time: 400, warmupTime: 100, iterations: 10, warmupIterations: 3, signal })
  bench.add('resize 1024² to 224²', () => void cropImage(rgb, spec))
  bench.add('resize 1024² to 224², without WebAssembly', () => void cropImage(rgb, spec, 'js'))
  bench.add('resize 2048² to 224²', () => void cropImage(wide, spec))
  bench.add('normalise 224²', () => void normalise(crop))
  bench.add('tokenise an ordinary prompt', () => void tokenizer.encode(prompt(3)))
  bench.add('tokenise 120 words', () => void tokenizer.encode(long))
  bench.add('tokenise mended text', () => void tokenizer.encode('a caf&eacute; at night â€” “neon”, 日本語 🐉'))

  const picture = sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } })
  /** @type {Record<string, Promise<Buffer>>} */
  const kinds = {
    'JPEG': picture.clone().jpeg({ quality: 95 }).toBuffer(),
    'JPEG 4:4:4': picture.clone().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
    'progressive JPEG': picture.clone().jpeg({ quality: 95, progressive: true }).toBuffer(),
    'PNG': picture.clone().png().toBuffer(),
    'WebP': picture.clone().webp({ quality: 90 }).toBuffer(),
    'lossless WebP': picture.clone().webp({ lossless: true, effort: 2 }).toBuffer(),
    'AVIF': picture.clone().avif({ quality: 60, effort: 2 }).toBuffer(),
    'GIF': picture.clone().gif({ effort: 1 }).toBuffer(),
    'TIFF': picture.clone().tiff({ compression: 'lzw' }).toBuffer(),
  }
  const codecs = { sharp: await createNodeCodecs('auto'), wasm: await createNodeCodecs('never') }
  for (const [kind, made] of Object.entries(kinds)) {
    const bytes = await made
    for (const codec of Object.values(codecs)) bench.add(`decode ${kind} 1024², ${codec.name}`, async () => void (await decodeImage(bytes, codec)))
  }
  bench.addEventListener('cycle', ({ task }) => terminal.detail(task?.name ?? ''))
  await bench.run()
  signal.throwIfAborted()
  return bench.tasks.map(({ name, result }) => {
    if (!('latency' in result)) throw new Error(`${name} failed`, { cause: 'error' in result ? result.error : undefined })
    const { p50, p75, min, samplesCount } = result.latency
    return { name, median: p50, low: min, high: p75, samples: samplesCount }
  })
}

/** These parts are no public API, so they are bundled from src/. */
async function bundleInner() {
  const { build } = await import('tsup')
  const outDir = join(cache, 'inner')
  const names = ['decode-image', 'preprocess', 'codecs-node']
  await build({
    config: false, entry: names.map((name) => join(root, `src/image/${name}.ts`)), outDir, format: 'esm', target: 'node20', dts: false, silent: true,
  })
  const [decode, preprocess, codecs] = await Promise.all(names.map((name) => import(pathToFileURL(join(outDir, `${name}.js`)).href)))
  return /** @type {typeof import('../../src/image/decode-image.ts') & typeof import('../../src/image/preprocess.ts') & typeof import('../../src/image/codecs/codecs-node.ts')} */ (
    { ...decode, ...preprocess, ...codecs })
}
