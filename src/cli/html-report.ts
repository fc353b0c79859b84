import { access, constants, mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { VERSION } from '../base/version.ts'
import type { EncodeJpeg } from '../image/codecs/jpeg-encoder-node.ts'
import type { ImageDecoder } from '../image/decoder.ts'
import type { Report, ReportImage, ReportPrompt } from '../report/report.ts'
import type { ScorerInfo } from '../scorers/scorer-options.ts'
import type { TextScorer } from '../scorers/text-scorer.ts'
import type { Context } from './context.ts'
import { UsageError } from './exit-codes.ts'
import type { NamedImage } from './expand-images.ts'
import type { LoadedScorers } from './load-scorers.ts'
import { formatBytes } from './output/format-quantity.ts'

/** What only the command knows; the rest is the same for every report. */
export interface ReportedRun extends Pick<Report, 'ranking' | 'scored' | 'thresholds' | 'failed'> {
  readonly prompts: readonly string[]
  readonly images: readonly (Omit<ReportImage, 'name' | 'thumbnail' | 'width' | 'height'> & {
    readonly image: NamedImage
  })[]
}

/** `--html`: keeps a small picture of every image that a run decodes, and writes the report at its end. */
export class HtmlReport {
  readonly #seen = new Map<unknown, Pick<ReportImage, 'thumbnail' | 'width' | 'height'>>()

  private constructor(
    private readonly name: string,
    private readonly path: string,
  ) {}

  /** Checks the place before minutes of work. Throws `UsageError`. */
  static async open(name: string | undefined, cwd: string): Promise<HtmlReport | undefined> {
    if (name === undefined) return undefined
    // `--html *.png` would else write over a picture.
    if (!/\.html?$/i.test(name))
      throw new UsageError(`--html ${name} does not end in .html. Name the report's file before the images.`)
    const path = resolve(cwd, name)
    const there = await stat(path).catch(() => undefined)
    if (there?.isDirectory()) throw new UsageError(`--html ${name} is a folder. Name a file.`)
    try {
      await mkdir(dirname(path), { recursive: true })
      await access(there ? path : dirname(path), constants.W_OK)
    } catch (cause) {
      throw new UsageError(`--html ${name} cannot be written: ${(cause as Error).message}.`, { cause })
    }
    return new HtmlReport(name, path)
  }

  /** The decoder, watched: no image is decoded twice. */
  readonly watch = (decoder: ImageDecoder): ImageDecoder => {
    let encoder: Promise<EncodeJpeg> | undefined
    return {
      get name() {
        return decoder.name
      },
      decode: (image, options) => decoder.decode(image, options),
      dispose: () => decoder.dispose(),
      crop: async (image, spec, options) => {
        const crop = await decoder.crop(image, spec, options)
        if (!this.#seen.has(image)) {
          encoder ??= import('../image/codecs/jpeg-encoder-node.ts').then(({ createJpegEncoder }) =>
            createJpegEncoder(),
          )
          const file = Buffer.from((await encoder)(crop))
          this.#seen.set(image, {
            thumbnail: `data:image/jpeg;base64,${file.toString('base64')}`,
            width: crop.width,
            height: crop.height,
          })
        }
        return crop
      },
    }
  }

  async write(
    { io, terminal }: Context,
    { scorers, reader }: LoadedScorers,
    { prompts, images, ...run }: ReportedRun,
  ): Promise<void> {
    const { renderReport } = await import('../report/render-report.ts')
    const infos = scorers.map(({ info }) => info)
    const page = renderReport({
      ...run,
      prompts: reader ? prompts.map((prompt) => readPart(reader, prompt)) : [],
      images: images.map(({ image, ...scores }) => ({
        name: image.name,
        ...this.#seen.get(image.input),
        ...scores,
      })),
      facts: [
        ...factsOf(infos),
        ['icthp', VERSION],
        ['Node', process.versions.node],
        ['made', madeAt(new Date())],
      ],
      // That a device is missing says nothing of the scores.
      notes: [...new Set(infos.flatMap(({ notes }) => notes))].filter(
        (note) => !note.includes('not available'),
      ),
      version: VERSION,
    })
    io.signal.throwIfAborted()
    await writeFile(this.path, page)
    terminal.note(`${this.name} is written (${formatBytes(Buffer.byteLength(page))})`)
  }
}

function readPart({ tokenizer }: TextScorer, prompt: string): ReportPrompt {
  const { count, truncated, cut, cleaned } = tokenizer.inspect(prompt)
  const text = truncated ? cleaned.slice(0, cleaned.length - cut.length) : prompt
  return { text, cut: truncated ? cut : '', tokens: count, limit: tokenizer.contextLength }
}

/** What ran, once where both scorers agree. No folders: they name the user's machine, and reports are passed on. */
function factsOf(infos: readonly ScorerInfo[]): [string, string][] {
  const both = (name: string, tell: (info: ScorerInfo) => string): [string, string][] => {
    const told = infos.map(tell)
    return new Set(told).size === 1
      ? [[name, told[0]!]]
      : infos.map(({ kind }, i) => [`${kind.toUpperCase()} ${name}`, told[i]!])
  }
  return [
    ...infos.map((info): [string, string] => [info.kind.toUpperCase(), modelOf(info)]),
    ...both('precision', ({ dtype, measured }) =>
      measured && measured.against !== dtype
        ? `${dtype}, scores within ${measured.score.max.toPrecision(2)} of ${measured.against}`
        : dtype,
    ),
    ...both('device', ({ device }) => device),
    ...both('runtime', ({ backend }) => backend),
    ...both('decoder', ({ decoder }) => decoder),
  ]
}

function modelOf({ model, revision, origin }: ScorerInfo): string {
  const commit = revision ?? origin.revision
  return commit === undefined ? model : `${model} at ${commit.slice(0, 12)}`
}

const madeAt = (date: Date): string => `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
