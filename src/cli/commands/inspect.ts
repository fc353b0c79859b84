import { createHash } from 'node:crypto'
import type { Command } from 'commander'
import type { ImageDecoder } from '../../image/decoder.ts'
import type { ImagePrompt } from '../../prompts/image-prompt.ts'
import { type Context, imageFailure, reportFailure, settle } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import { expandImages } from '../input/expand-images.ts'
import type { FoundImage, ImageFailure } from '../named-image.ts'
import {
  addCommonOptions,
  addImages,
  type CommonFlags,
  type ImageFlags,
  once,
} from '../options/common-options.ts'
import { printable } from '../output/display-width.ts'
import { formatTable } from '../output/format-table.ts'

/** Images decoded at once. */
const AT_ONCE = 4

interface InspectFlags extends CommonFlags, ImageFlags {
  readonly text?: string
  readonly json?: true
}

interface InspectedImage {
  readonly file: string
  /** Of the picture before resizing. */
  readonly width: number
  readonly height: number
  /** Of the 224 × 224 × 3 uint8 crop. */
  readonly cropSha256: string
  /** Of `pixel_values`: 3 × 224 × 224 float32, little-endian. */
  readonly pixelValuesSha256: string
  /** What its file says that it was made from; absent where that says nothing. */
  readonly prompt?: ImagePrompt
}

export function addInspect(program: Command, context: Context): void {
  const command = program
    .command('inspect')
    .summary('show what the models see of images or of a text')
    .description(
      'Of images: their size, and the sha256 of the crop and of the pixel values that the towers see, to compare with the ' +
        'Python reference; with --json the prompt in the file, too. Of a text: its token ids, and what is cut away. Needs no model.',
    )
  addImages(command, { optional: true })
  command.option('-t, --text <text>', 'a text instead of images', once).option('--json', 'one JSON document')
  addCommonOptions(command, [
    'icthp inspect teacup.png --json',
    'icthp inspect --text "a tiny dragon in a teacup" --json',
  ]).action((images: string[], flags: InspectFlags) => inspect(images, flags, context))
}

async function inspect(args: readonly string[], flags: InspectFlags, context: Context): Promise<void> {
  if (flags.text !== undefined) {
    if (args.length > 0) throw new UsageError('Give images or --text, not both.')
    if (flags.recursive || flags.maxPixels !== undefined || !flags.sharp)
      throw new UsageError('--recursive, --max-pixels and --no-sharp are for images, not for --text.')
    return inspectText(flags.text, flags, context)
  }
  if (args.length === 0) throw new UsageError('There is nothing to inspect: give images, or --text TEXT.')
  return inspectImages(args, flags, context)
}

async function inspectText(text: string, { json }: InspectFlags, { terminal }: Context): Promise<void> {
  const { ClipTokenizer } = await import('../../text/clip-tokenizer.ts')
  const { ids, count, truncated, cut } = new ClipTokenizer().inspect(text)
  if (json) return terminal.json({ ids, count, truncated, cut })
  terminal.lines([
    `ids        ${ids.join(' ')}`,
    `count      ${count}`,
    `truncated  ${truncated ? 'yes' : 'no'}`,
    ...(truncated ? [`cut        ${printable(cut)}`] : []),
  ])
}

async function inspectImages(
  args: readonly string[],
  { recursive, maxPixels, sharp, json }: InspectFlags,
  context: Context,
): Promise<void> {
  const { io, terminal } = context
  const { images, failures } = await expandImages(args, { ...io, recursive })
  const failed: ImageFailure[] = []
  const fail = (failure: ImageFailure): void => {
    failed.push(failure)
    reportFailure(context, failure)
  }
  failures.forEach(fail)
  const seen: InspectedImage[] = []
  const decoder = await io.services.decoder({ sharp })
  try {
    for (let at = 0; at < images.length; at += AT_ONCE) {
      const some = images.slice(at, at + AT_ONCE)
      const answers = await Promise.allSettled(
        some.map((image) => look(image, decoder, maxPixels, io.signal, json)),
      )
      io.signal.throwIfAborted()
      answers.forEach((answer, i) => {
        if (answer.status === 'fulfilled') seen.push(answer.value)
        else fail(imageFailure(some[i]!, answer.reason))
      })
      terminal.progress({
        stage: 'read',
        item: 'images',
        loaded: at + some.length,
        total: images.length,
        unit: 'images',
      })
    }
  } finally {
    await decoder.dispose()
  }
  if (json)
    terminal.json([
      ...seen,
      ...failed.map(({ image, code, message }) => ({ file: image, error: { code, message } })),
    ])
  else terminal.lines(tableOf(seen, terminal.lineWidth))
  settle(context, failed)
}

async function look(
  { name, input }: FoundImage,
  decoder: ImageDecoder,
  maxPixels: number | undefined,
  signal: AbortSignal,
  withPrompt: boolean | undefined,
): Promise<InspectedImage> {
  const { CLIP_PREPROCESS, normalise } = await import('../../image/preprocess.ts')
  const crop = await decoder.crop(input, CLIP_PREPROCESS, { maxPixels, signal })
  const prompt = withPrompt ? await promptOf(input, signal) : undefined
  return {
    file: name,
    width: crop.width,
    height: crop.height,
    cropSha256: sha256(crop.data),
    pixelValuesSha256: sha256(normalise(crop).data),
    ...(prompt ? { prompt } : {}),
  }
}

async function promptOf(input: FoundImage['input'], signal: AbortSignal): Promise<ImagePrompt | undefined> {
  const { readPrompt } = await import('../../prompts/read-prompt-node.ts')
  return readPrompt(input, { signal })
}

function sha256({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex')
}

/** Hashes are shortened here: the eye compares their beginnings, `--json` has them whole. */
function tableOf(seen: readonly InspectedImage[], lineWidth: number): string[] {
  const columns = [
    { header: 'size', align: 'right' },
    { header: 'crop sha256', align: 'left' },
    { header: 'pixel_values sha256', align: 'left' },
    { header: 'image', align: 'left' },
  ] as const
  const rows = seen.map(({ file, width, height, cropSha256, pixelValuesSha256 }) => [
    `${width}×${height}`,
    cropSha256.slice(0, 16),
    pixelValuesSha256.slice(0, 16),
    printable(file),
  ])
  return formatTable(columns, rows, lineWidth)
}
