import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { convertCheckpoints } from '../../src/convert/convert-checkpoints.ts'
import { writeRandomCheckpoint } from '../../src/convert/random-checkpoint.ts'
import { startServer, type StaticServer } from './browser/server.ts'
import { pageFolder } from './build-page.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const goldenFolder: string = fileURLToPath(new URL('../../../shared/golden/', import.meta.url))

/** Without a bundler, a page says itself where packages are: under an address that ends in `/`. */
export const pageFrom = (base: string): string => `<!doctype html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<script type="importmap">{ "imports": {
  "onnxruntime-web/jspi": "${base}ort/ort.jspi.bundle.min.mjs",
  "onnxruntime-web/webgpu": "${base}ort/ort.webgpu.bundle.min.mjs",
  "onnxruntime-web/wasm": "${base}ort/ort.wasm.bundle.min.mjs"
} }</script>
<script type="module" src="${base}page/page.js"></script>
`

export function startRoom(): Promise<StaticServer> {
  return startServer(
    {
      page: pageFolder,
      ort: `${root}node_modules/onnxruntime-web/dist`,
      fixtures: `${root}test/fixtures/images`,
      examples: `${root}examples/images`,
      golden: `${goldenFolder}images`,
    },
    pageFrom('/'),
  )
}

export interface TinyModel {
  readonly folder: string
  remove(): Promise<void>
}

/** A small random ICT and HP, converted. */
export async function makeTinyModel(
  dtypes: NonNullable<Parameters<typeof convertCheckpoints>[0]['dtypes']> = ['fp32'],
): Promise<TinyModel> {
  const folder = await mkdtemp(join(tmpdir(), 'icthp-web-'))
  const checkpoints = join(folder, 'checkpoints')
  await writeRandomCheckpoint(checkpoints)
  const out = join(folder, 'model')
  await convertCheckpoints({
    ict: join(checkpoints, 'ICT'),
    hp: join(checkpoints, 'HP'),
    base: join(checkpoints, 'base'),
    out,
    dtypes,
  })
  return { folder: out, remove: () => rm(folder, { recursive: true, force: true }) }
}
