import { UsageError } from '../exit-codes.ts'
import type { ImageFailure, NamedImage } from '../named-image.ts'

/** An image as it was named, or why its name leads to none. */
export type Named<Image extends NamedImage = NamedImage> = Image | ImageFailure

export const isFailure = (named: Named): named is ImageFailure => 'code' in named

/** The images of a command line in their order, looked for as they are asked for; async where they are still to come. */
export type NamedImages = Iterable<Named> | AsyncIterable<Named>

export const isStream = (images: NamedImages): images is AsyncIterable<Named> =>
  Symbol.asyncIterator in images

/** The same, known to begin. Throws `UsageError` where all that was named leads to no image. */
export function begun(images: Iterable<Named>, failures: readonly ImageFailure[]): Iterable<Named> {
  const iterator = images[Symbol.iterator]()
  const first: Named[] = []
  for (let next = iterator.next(); ; next = iterator.next()) {
    if (next.done) throw noImages([...failures, ...(first as ImageFailure[])])
    first.push(next.value)
    if (!isFailure(next.value)) break
  }
  return (function* () {
    yield* first
    yield* { [Symbol.iterator]: () => iterator }
  })()
}

/** The same of images that are still to come; waits for the first. */
export async function begunStream(
  images: AsyncIterable<Named>,
  failures: readonly ImageFailure[],
): Promise<AsyncIterable<Named>> {
  const iterator = images[Symbol.asyncIterator]()
  const first: Named[] = []
  for (let next = await iterator.next(); ; next = await iterator.next()) {
    if (next.done) throw noImages([...failures, ...(first as ImageFailure[])])
    first.push(next.value)
    if (!isFailure(next.value)) break
  }
  return (async function* () {
    yield* first
    yield* { [Symbol.asyncIterator]: () => iterator }
  })()
}

export const noImages = (failures: readonly ImageFailure[]): UsageError =>
  new UsageError(failures.map(told).join('\n'))

/** That something is not there needs no code. */
const told = ({ code, message }: ImageFailure): string =>
  code === 'image_not_found' ? message : `${message} (${code})`
