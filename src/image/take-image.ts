import type { ImageInput } from './decoder.ts'

/** Copies that were made here: nobody else writes to them, so they are not copied again. */
const taken = new WeakSet<object>()

/**
 * An image as it is now. Bytes and pixels are copied, since their owner may use the memory again (a frame, a buffer from a
 * pool) while the image waits for its turn; what is only named (paths, URLs, Blobs, elements) is left as it is.
 */
export function takeImage(image: ImageInput): ImageInput {
  if (typeof image !== 'object' || image === null || taken.has(image)) return image
  if (ArrayBuffer.isView(image)) return keep(copy(image))
  // A buffer that was handed to another thread has no bytes, and no view can be made of it.
  if (isBuffer(image))
    return keep(image.byteLength === 0 ? new ArrayBuffer(0) : copy(new Uint8Array(image)).buffer)
  const { data } = image as { data?: unknown }
  if (!ArrayBuffer.isView(data)) return image
  if (Object.prototype.toString.call(image) === '[object ImageData]') {
    // Its fields are getters, which a copy of its own fields would lack.
    const { width, height } = image as { width?: unknown; height?: unknown }
    return keep({ data: copy(data), width, height, channels: 4 })
  }
  // Raw pixels, and crops.
  return keep({ ...image, data: copy(data) })
}

/** A list as it is now, with its images; anything else (a stream, one image) as it is. */
export function takeImages<T>(images: T): T {
  return Array.isArray(images) ? (keep(images.map(takeImage)) as T) : images
}

function keep<T extends object>(value: T): T {
  taken.add(value)
  return value
}

/** Buffers of another realm (Jest's) are buffers too. */
function isBuffer(value: object): value is ArrayBuffer {
  const tag = Object.prototype.toString.call(value)
  return tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]'
}

/** Of the same class where decoders tell them apart. A detached buffer is an empty one. */
function copy(view: ArrayBufferView): ArrayBufferView {
  const bytes = new Uint8Array(view.byteLength)
  if (view.byteLength > 0) bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  if (view instanceof Uint8ClampedArray) return new Uint8ClampedArray(bytes.buffer)
  if (view instanceof Float32Array) return new Float32Array(bytes.buffer)
  return view instanceof Uint16Array ? new Uint16Array(bytes.buffer) : bytes
}
