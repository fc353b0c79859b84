// From a JPEG file's bytes to pixel_values on one thread, against Pillow and transformers' image processor.
import { readFileSync } from 'node:fs'
import { startReference } from '../reference.mjs'
import { interleave, ratios, seconds } from '../statistics.mjs'
import { spread, spreadOf, table } from '../table.mjs'

/** Repetitions in a round, of some 15 ms each, and rounds at least. */
const REPEAT = 5
const ROUNDS = 15
const STEPS = ['decode', 'resize', 'whole']

/** Seconds an image, one a round, by side (`sharp`, `wasm`, `python`) and step. */
export async function measure({ pictures: [path], reference, runs, signal, terminal }) {
  terminal.step('Preprocessing on one thread')
  const { createNodeDecoder, preprocess } = await import('icthp/node')
  const python = reference && (await startReference(reference, { mode: 'pixels' }))
  const bytes = readFileSync(path)
  // threads: 0 decodes on the calling thread. libvips would still put threads of its own under one picture.
  const { default: sharp } = await import('sharp')
  sharp.concurrency(1)
  const decoders = {
    sharp: createNodeDecoder({ threads: 0 }),
    wasm: createNodeDecoder({ threads: 0, sharp: 'never' }),
  }
  const mean = async (task) =>
    (await seconds(async () => {
      for (let i = 0; i < REPEAT; i++) await task()
    })) / REPEAT
  const sides = {}
  for (const [name, decoder] of Object.entries(decoders)) {
    const rgb = await decoder.decode(bytes)
    sides[`${name} decode`] = () => mean(() => decoder.decode(bytes))
    sides[`${name} resize`] = () => mean(() => preprocess({ ...rgb, channels: 3 }, { decoder }))
    sides[`${name} whole`] = () => mean(() => preprocess(bytes, { decoder }))
  }
  if (python)
    for (const step of STEPS)
      sides[`python ${step}`] = async () =>
        (await python.child.ask({ do: 'preprocess', image: path, repeat: REPEAT, step })).seconds
  const rounds = await interleave(sides, { runs: Math.max(ROUNDS, runs), warmUp: 2, signal, terminal })
  await python?.child.end()
  await Promise.all(Object.values(decoders).map((decoder) => decoder.dispose()))
  return { bytes: bytes.length, names: { sharp: decoders.sharp.name, wasm: 'WebAssembly' }, rounds }
}

const LABELS = { decode: 'JPEG to RGB', resize: 'RGB to pixel_values', whole: 'JPEG to pixel_values' }

export function report({ bytes, names, rounds }) {
  const ms = (values) => spreadOf(values, (value) => 1000 * value)
  const python = rounds['python whole'] !== undefined
  return [
    `Preprocessing a JPEG of 1024² and ${Math.round(bytes / 1000)} kB on one thread, milliseconds.`,
    '',
    table(
      [
        '',
        `icthp, ${names.sharp}`,
        `icthp, ${names.wasm}`,
        ...(python ? ['Pillow, transformers', `share, ${names.sharp}`, `share, ${names.wasm}`] : []),
      ],
      STEPS.map((step) => {
        const [sharp, wasm, theirs] = ['sharp', 'wasm', 'python'].map((side) => rounds[`${side} ${step}`])
        return [
          LABELS[step],
          ms(sharp),
          ms(wasm),
          ...(python ? [ms(theirs), spread(ratios(sharp, theirs)), spread(ratios(wasm, theirs))] : []),
        ]
      }),
    ),
  ]
}
