import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, vi } from 'vitest'
import type { InferenceBackend, InferenceSession, Tensors } from '../../src/backend/backend.ts'
import { DeviceError, ImageError } from '../../src/base/errors.ts'
import type { Input } from '../../src/cli/input/read-stdin.ts'
import { run } from '../../src/cli/run.ts'
import type { CliServices } from '../../src/cli/services.ts'
import type { ModelFolder } from '../../src/hub/hub.ts'
import type { ImageDecoder } from '../../src/image/decoder.ts'
import { DEMO_NOTE } from '../../src/models/default-model-node.ts'
import type { ModelKind } from '../../src/models/kinds.ts'
import { type Dtype, MANIFEST_FORMAT, type ModelManifest, sealManifest } from '../../src/models/manifest.ts'

/** What a run wrote, and its exit code. */
export interface CliRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CliRoom {
  /** A fresh folder, and the working folder of every run. */
  folder: string
  services: CliServices
  /** What was loaded and disposed, and which images were decoded, in order. */
  log: string[]
  /** Puts files in the folder. An image holds the number (0 to 255) that the fakes make its scores from. */
  write(files: Readonly<Record<string, string>>): Promise<void>
  run(args: readonly string[], options?: RunOptions): Promise<CliRun>
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly stdoutColumns?: number
  /** stderr is a terminal of so many cells. */
  readonly stderrColumns?: number
  readonly now?: () => number
  /** What `-` reads. */
  readonly stdin?: Input
  /** Hears everything written, with its stream. */
  readonly onWrite?: (stream: 'out' | 'err', text: string) => void
}

export const ictOf = (pixel: number, tokens: number): number => Math.cos(pixel / 255 - tokens / 10)
const logitOf = (pixel: number): number => Math.fround(4 * (pixel / 255 - 0.5))
export const hpOf = (pixel: number): number => 1 / (1 + Math.exp(-logitOf(pixel)))

/** The command line in this process, on a runtime that answers by formula: real scorers, fake towers and pixels. */
export function cliRoom(): CliRoom {
  const room = {} as CliRoom
  beforeEach(async () => {
    room.folder = await mkdtemp(join(tmpdir(), 'icthp-cli-'))
    room.log = []
    room.services = fakeServices(room.log)
    room.write = async (files) => {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(room.folder, path)), { recursive: true })
        await writeFile(join(room.folder, path), text)
      }
    }
    room.run = async (args, { env = {}, signal, stdoutColumns, stderrColumns, now, stdin, onWrite } = {}) => {
      const text = { out: '', err: '' }
      const output = (stream: 'out' | 'err', columns: number | undefined) => ({
        write: (part: string) => {
          text[stream] += part
          onWrite?.(stream, part)
        },
        isTTY: columns !== undefined,
        columns,
      })
      const code = await run(args, {
        stdout: output('out', stdoutColumns),
        stderr: output('err', stderrColumns),
        env: { ICTHP_MODEL: 'model', ...env },
        cwd: room.folder,
        signal: signal ?? new AbortController().signal,
        services: room.services,
        ...(now ? { now } : {}),
        stdin,
      })
      return { code, stdout: text.out, stderr: text.err }
    }
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(room.folder, { recursive: true, force: true })
  })
  return room
}

export function manifestOf(kind: ModelKind, dtypes: readonly Dtype[] = ['fp32']): ModelManifest {
  const tower = (name: string) =>
    Object.fromEntries(dtypes.map((dtype) => [dtype, { model: `${name}_${dtype}.onnx`, externalData: [] }]))
  const names = kind === 'ict' ? ['vision', 'text'] : ['vision']
  return {
    format: MANIFEST_FORMAT,
    kind,
    name: `fake/${kind}`,
    library: '0.1.0',
    source: { repository: `fake/${kind}`, revision: '0123456789abcdef', files: [] },
    preprocess: { size: 2, mean: [0, 0, 0], std: [1, 1, 1] },
    projectionDim: 2,
    ...(kind === 'ict' ? { contextLength: 77 } : {}),
    selfTest: {},
    towers: Object.fromEntries(names.map((name) => [name, tower(name)])),
    files: Object.fromEntries(
      names.flatMap((name) =>
        dtypes.map((dtype) => [`${name}_${dtype}.onnx`, { size: 1_500_000, sha256: '0'.repeat(64) }]),
      ),
    ),
  }
}

function fakeServices(log: string[]): CliServices {
  const notThere = async (): Promise<never> => {
    throw new Error('not in this test')
  }
  return {
    backend: async () => fakeBackend(log),
    remoteBackend: notThere,
    decoder: async () => fakeDecoder(log),
    hub: async () => ({ open: async (source) => fakeFolder(source) }),
    defaultModel: async ({ ICTHP_MODEL: named }) =>
      named ? { source: named, notes: [] } : { source: 'demo', notes: [DEMO_NOTE] },
    convertCheckpoints: notThere,
    pullOfficial: notThere,
    exportRepository: notThere,
    verifyModel: notThere,
    packageVersion: async (name) => ({ 'onnxruntime-node': '1.30.0' })[name],
  }
}

function fakeBackend(log: string[]): InferenceBackend {
  return {
    name: 'fake',
    probe: async (device) => {
      if (device === 'auto') return { device: 'cpu', notes: ['auto took cpu'] }
      if (device === 'cpu') return { device, notes: [] }
      throw new DeviceError('device_unavailable', `The device ${device} cannot be used here.`, {
        cause: new Error(`no ${device} in a test`),
      })
    },
    load: async ({ name }): Promise<InferenceSession> => {
      log.push(`load ${name}`)
      return {
        run: async (inputs, { signal } = {}) => {
          // A real backend answers later, so that aborts and streams have their chance.
          await new Promise((resolve) => setTimeout(resolve, 5))
          signal?.throwIfAborted()
          return answer(name, inputs)
        },
        dispose: async () => void log.push(`dispose ${name}`),
      }
    },
    dispose: async () => void log.push('dispose backend'),
  }
}

function answer(name: string, { pixel_values: pixels, input_ids: ids }: Tensors): Tensors {
  if (ids) {
    const [rows, length] = ids.dims as [number, number]
    const data = Array.from({ length: rows }, () => [Math.cos(length / 10), Math.sin(length / 10)]).flat()
    return { text_embeds: { dtype: 'float32', dims: [rows, 2], data: Float32Array.from(data) } }
  }
  const [images] = pixels!.dims as [number]
  const values = Array.from({ length: images }, (_, i) => Number(pixels!.data[i * 12]))
  const image_embeds = {
    dtype: 'float32',
    dims: [images, 2],
    data: Float32Array.from(values.flatMap((v) => [Math.cos(v), Math.sin(v)])),
  } as const
  if (!name.includes('/hp ')) return { image_embeds }
  return {
    image_embeds,
    hp_logits: { dtype: 'float32', dims: [images], data: Float32Array.from(values, (v) => 4 * (v - 0.5)) },
  }
}

/** Takes files that hold a number. */
function fakeDecoder(log: string[]): ImageDecoder {
  return {
    name: 'fake',
    decode: async () => {
      throw new Error('not in this test')
    },
    crop: async (image, { size }, { maxPixels } = {}) => {
      log.push(`decode ${String(image).split(/[\\/]/).at(-1)}`)
      if (image instanceof URL)
        return { data: new Uint8Array(size * size * 3).fill(image.href.length), size, width: 30, height: 20 }
      const text =
        image instanceof Blob
          ? new TextDecoder().decode(await image.arrayBuffer())
          : await readFile(image as string, 'utf8')
      if (!/^\d+$/.test(text))
        throw new ImageError(
          'image_unreadable',
          `${String(image)}: The PNG file cannot be decoded: it is not a number.`,
        )
      if (maxPixels !== undefined && maxPixels < 600)
        throw new ImageError('image_too_large', `${String(image)}: It has 600 pixels.`)
      return { data: new Uint8Array(size * size * 3).fill(Number(text)), size, width: 30, height: 20 }
    },
    dispose: async () => void log.push('dispose decoder'),
  }
}

function fakeFolder(source: string): ModelFolder {
  return {
    source,
    readText: async (path) => {
      const kind = /^(ict|hp)\/icthp\.json$/.exec(path)?.[1] as ModelKind | undefined
      return source === 'empty' || !kind ? undefined : JSON.stringify(sealManifest(manifestOf(kind)))
    },
    file: async (path) => ({ path: `/${path}` }),
  }
}
