/**
 * The process in which one precision is measured (see measure-apart-node.ts): its peak of memory is that of this
 * precision alone. Takes one request, answers, and ends.
 */
import { readFileSync } from 'node:fs'
import { OrtNodeBackend } from '../backend/ort-node/ort-backend-node.ts'
import { connectGrpc } from '../backend/remote/grpc-transport-node.ts'
import { RemoteBackend } from '../backend/remote/remote-backend.ts'
import { packError } from '../base/packed-error.ts'
import { createNodeHub } from '../hub/hub-node.ts'
import type { ImageDecoder } from '../image/decoder.ts'
import type { ImageCrop } from '../image/preprocess.ts'
import { allKinds, type PerKind } from '../models/kinds.ts'
import type { EncodedImage, VisionEncoder } from '../scorers/encode/vision-encoder.ts'
import { type LoadedParts, loadScorer } from '../scorers/load/load-scorer.ts'
import type { ScorerOptions } from '../scorers/scorer-options.ts'
import { median } from './agreement.ts'
import type { MeasuredRun, Measurement, MeasureReply, MeasureRequest } from './measure-messages.ts'

const send = (reply: MeasureReply, sent?: () => void): void =>
  void process.send!(reply, undefined, undefined, sent)

process.once('disconnect', () => process.exit(1))
process.once('message', (request: MeasureRequest) => {
  const end = (reply: MeasureReply): void => send(reply, () => process.exit(0))
  measure(request).then(
    (measurement) => end({ measurement }),
    (error: unknown) => end({ error: packError(error) }),
  )
})

async function measure({
  source,
  revision,
  kinds,
  dtype,
  device,
  threads,
  batchSize,
  crops,
  prompts,
  remote,
}: MeasureRequest): Promise<Measurement> {
  const backend = remote ? new RemoteBackend(remote, connectGrpc) : new OrtNodeBackend()
  const runtime = { backend, decoder: cropsOnly, hub: createNodeHub() }
  const options: ScorerOptions = {
    revision,
    dtype,
    device,
    threads,
    batchSize,
    onProgress: (progress) => send({ progress }),
  }
  const loaded: { name: string; parts: LoadedParts }[] = []
  for (const kind of allKinds().filter(({ name }) => kinds.includes(name)))
    loaded.push({ name: kind.name, parts: await loadScorer(kind, source, runtime, options) })
  const total = loaded.reduce((sum, { name }) => sum + crops[name]!.length, 0)
  let done = 0
  const encoded = (count: number): void =>
    send({ progress: { stage: 'measure', item: dtype, loaded: (done += count), total, unit: 'images' } })
  encoded(0)
  const models: PerKind<MeasuredRun> = {}
  for (const { name, parts } of loaded)
    models[name] = await measureModel(parts, crops[name]!, prompts, encoded)
  return { models, memory: { peak: peakResident(), resident: process.memoryUsage.rss() } }
}

async function measureModel(
  { vision, text, info }: LoadedParts,
  crops: readonly ImageCrop[],
  prompts: readonly string[],
  encoded: (count: number) => void,
): Promise<MeasuredRun> {
  const { answers, secondsPerImage } = await encodeAll(vision, crops, encoded)
  return {
    device: info.device,
    backend: info.backend,
    imageEmbeds: answers.map(({ embeds }) => embeds),
    secondsPerImage,
    ...(text
      ? { texts: await timeTexts(() => text.encode(prompts), prompts) }
      : { logits: answers.map(({ logit }) => logit!) }),
  }
}

/** The first batch is left out of the time where there are others: it fills arenas and compiles kernels. */
async function encodeAll(
  vision: VisionEncoder,
  crops: readonly ImageCrop[],
  encoded: (count: number) => void,
): Promise<{ answers: EncodedImage[]; secondsPerImage: number }> {
  const { batchSize } = vision.parts
  const answers: EncodedImage[] = []
  const seconds: number[] = []
  for (let i = 0; i < crops.length; i += batchSize) {
    const batch = crops.slice(i, i + batchSize)
    const start = performance.now()
    answers.push(...(await vision.encode(batch)))
    seconds.push((performance.now() - start) / 1000 / batch.length)
    encoded(batch.length)
  }
  return { answers, secondsPerImage: median(seconds.length > 1 ? seconds.slice(1) : seconds) }
}

async function timeTexts(
  encode: () => Promise<Float32Array[]>,
  prompts: readonly string[],
): Promise<{ embeds: Float32Array[]; secondsPerPrompt: number }> {
  const start = performance.now()
  const embeds = await encode()
  return { embeds, secondsPerPrompt: (performance.now() - start) / 1000 / new Set(prompts).size }
}

/**
 * Bytes. Linux hands getrusage's peak of the parent down to the child, so that of this process is read from /proc, where
 * there is one.
 */
function peakResident(): number {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))!
    return Number(kibibytes) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}

/** Crops come ready made. */
const cropsOnly: ImageDecoder = {
  name: 'none',
  decode: () => Promise.reject(new TypeError('images come as crops')),
  crop: () => Promise.reject(new TypeError('images come as crops')),
  dispose: async () => {},
}
