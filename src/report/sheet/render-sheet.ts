import { reason } from '../../backend/reason.ts'
import { checkObject } from '../../base/check-object.ts'
import { ImageError, InputError, show } from '../../base/errors.ts'
import { type JimpImage, jimpPixels } from '../../image/inputs/jimp-image.ts'
import { checkRawImage } from '../../image/preprocess.ts'
import type { RawImage } from '../../image/raw-image.ts'
import { type JimpModule, loadJimp } from './load-jimp.ts'
import { fit, inAscii, labelLines, type SheetLabel } from './sheet-labels.ts'
import { withMark } from './sheet-mark.ts'

export interface SheetImage extends SheetLabel {
  /** Pixels, a `Jimp` object, or what `Jimp.read` takes: a file's bytes, its path or URL. */
  readonly image: RawImage | JimpImage | Uint8Array | ArrayBuffer | string
  /** Drawn above the images that have the same and stand together; they begin a new row. */
  readonly group?: string | undefined
  /** Shown before the name, as `#1`. */
  readonly rank?: number | undefined
  /** Shown below it, by the names that they have here; a list has one a prompt. */
  readonly scores?: Readonly<Record<string, number | readonly number[] | undefined>> | undefined
}

export interface SheetOptions {
  /** Pictures in a row, from 1. Default 4, or as many as there are. */
  readonly columns?: number | undefined
  /** The square that a picture is fitted into, in pixels, 64 to 1024. Default 224. */
  readonly size?: number | undefined
}

const GAP = 12
const MOST_PIXELS = 100_000_000
const WHITE = 0xffffffff

/**
 * Draws a contact sheet with jimp, in the order given, row by row, and gives it as a PNG file.
 * Throws `InputError` `input_package_missing` without jimp, and `input_invalid_option` where there are no pictures,
 * options are out of range or the sheet has more than 100 million pixels; `ImageError` for damaged
 * pixels and files that jimp does not read.
 */
export async function renderSheet(
  images: readonly SheetImage[],
  options: SheetOptions = {},
): Promise<Uint8Array> {
  checkObject(options, 'renderSheet')
  const { columns: asked = 4, size = 224 } = options
  checkOptions(images, asked, size)
  const { jimp, fonts } = await loadJimp()
  const { Jimp, loadFont, measureText, measureTextHeight } = jimp
  const font = await loadFont(fonts.SANS_16_BLACK)
  const labels = images.map((label) => labelLines(label, size, (text) => measureText(font, text)))
  const line = measureTextHeight(font, 'Ag', size)
  const columns = Math.min(asked, images.length)
  const pitch = { x: size + GAP, y: size + line * Math.max(...labels.map(({ length }) => length)) + GAP }
  const { cells, heads, height } = arrange(images, columns, pitch, line)
  const width = GAP + columns * pitch.x
  checkPixels(width, height, images.length)
  const sheet = new Jimp({ width, height, color: WHITE })
  for (const { y, text } of heads) {
    const shown = fit(inAscii(text), width - 2 * GAP, (part) => measureText(font, part))
    sheet.print({ font, x: GAP, y, text: shown })
  }
  for (const [i, image] of images.entries()) {
    const picture = await open(jimp, image)
    const { x, y } = cells[i]!
    const { w, h } = fitted(picture, size)
    if (w !== picture.width || h !== picture.height) picture.resize({ w, h })
    sheet.composite(picture, x + ((size - w) >> 1), y + ((size - h) >> 1))
    for (const [row, text] of labels[i]!.entries()) sheet.print({ font, x, y: y + size + row * line, text })
  }
  return withMark(await sheet.getBuffer('image/png'))
}

interface Place {
  readonly x: number
  readonly y: number
}

/** Row by row; each group begins a row, below its name. */
function arrange(
  images: readonly SheetImage[],
  columns: number,
  pitch: Place,
  line: number,
): {
  readonly cells: readonly Place[]
  readonly heads: readonly { readonly y: number; readonly text: string }[]
  readonly height: number
} {
  const cells: Place[] = []
  const heads: { y: number; text: string }[] = []
  let [y, column] = [GAP, 0]
  const endRow = (): void => {
    if (column > 0) y += pitch.y
    column = 0
  }
  for (const [i, { group }] of images.entries()) {
    if (group !== images[i - 1]?.group) {
      endRow()
      if (group !== undefined) heads.push({ y, text: group })
      if (group !== undefined) y += line + GAP
    }
    cells.push({ x: GAP + column * pitch.x, y })
    if (++column === columns) endRow()
  }
  endRow()
  return { cells, heads, height: y }
}

/** In the square, whole. */
function fitted(picture: { readonly width: number; readonly height: number }, size: number) {
  const scale = Math.min(size / picture.width, size / picture.height)
  const of = (side: number): number => Math.max(1, Math.round(side * scale))
  return { w: of(picture.width), h: of(picture.height) }
}

function checkPixels(width: number, height: number, pictures: number): void {
  if (width * height <= MOST_PIXELS) return
  throw new InputError(
    'input_invalid_option',
    `A sheet of ${pictures} pictures is ${width}×${height} pixels, too many. Draw fewer pictures, or a smaller size.`,
    { width, height },
  )
}

/** A picture of our own, which may be resized. */
async function open({ Jimp }: JimpModule, { image, name }: SheetImage) {
  const raw = jimpPixels(image) ?? (isRaw(image) ? image : undefined)
  if (!raw) {
    // It takes an ArrayBuffer of any thread, but no view of one.
    const file = ArrayBuffer.isView(image) ? new Uint8Array(image as Uint8Array).buffer : (image as string)
    try {
      return await Jimp.read(file)
    } catch (cause) {
      throw new ImageError(
        'image_unreadable',
        `jimp cannot read ${name}: ${reason(cause)}. Give its pixels, or a PNG or JPEG file.`,
        { image: name, cause },
      )
    }
  }
  checkRawImage(raw)
  const { data, width, height, channels } = raw
  const picture = new Jimp({ width, height })
  const rgba = picture.bitmap.data
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgba[4 * i + c] = data[i * channels + (channels > 2 ? c : 0)]!
    rgba[4 * i + 3] = channels % 2 === 0 ? data[(i + 1) * channels - 1]! : 255
  }
  return picture
}

function isSheetImage(given: unknown): boolean {
  const { name, group = '', rank, scores = {} } = (given ?? {}) as Readonly<Record<string, unknown>>
  const isNumber = (value: unknown): boolean => value === undefined || typeof value === 'number'
  if (
    typeof name !== 'string' ||
    typeof group !== 'string' ||
    !isNumber(rank) ||
    typeof scores !== 'object' ||
    scores === null
  )
    return false
  return Object.values(scores).flat().every(isNumber)
}

const isRaw = (image: SheetImage['image']): image is RawImage =>
  typeof image === 'object' && 'data' in image && 'channels' in image

function checkOptions(images: readonly SheetImage[], columns: number, size: number): void {
  const refuse = (message: string): never => {
    throw new InputError('input_invalid_option', message, { columns, size })
  }
  if (!Array.isArray(images) || !Array.from<unknown>(images).every(isSheetImage))
    refuse(
      'renderSheet takes a list of { image, name, group, rank, scores }: texts are strings, scores are numbers.',
    )
  if (images.length === 0) refuse('A sheet needs at least one picture.')
  if (!Number.isInteger(columns) || columns < 1)
    refuse(`columns is a whole number from 1, not ${show(columns)}.`)
  if (!Number.isInteger(size) || size < 64 || size > 1024)
    refuse(`size is a whole number of pixels from 64 to 1024, not ${show(size)}.`)
}
