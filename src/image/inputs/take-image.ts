import { jimpPixels } from './jimp-image.ts'

/** Copies that were made here: nobody else writes to them, so they are not copied again. */
const taken = new WeakSet<object>()

/**
 * An image as it is now. Bytes and pixels are copied, since their owner may use the memory again (a frame, a buffer from a
 * pool) while the image waits for its turn; what is only named (paths, URLs, Blobs, elements) is left as it is. With
 * `transfer` the memory itself is taken: its owner has promised to leave it alone.
 */
export function takeImage(image: unknown, transfer = false): unknown {
  if (typeof image !== 'object' || image === null || taken.has(image)) return image
  const copy = transfer ? share : copyOf
  if (ArrayBuffer.isView(image)) return keep(copy(image))
  if (isBuffer(image)) {
    // A buffer that was handed to another thread has no bytes, and no view can be made of it.
    if (image.byteLength === 0) return keep(new ArrayBuffer(0))
    const view = copy(new Uint8Array(image))
    return keep(transfer ? view : view.buffer)
  }
  const jimp = jimpPixels(image)
  if (ArrayBuffer.isView(jimp?.data)) return keep({ ...jimp, data: copy(jimp.data) })
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
export function takeImages<T>(images: T, transfer?: boolean): T {
  return Array.isArray(images) ? (keep(images.map((image) => takeImage(image, transfer))) as T) : images
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
function copyOf(view: ArrayBufferView): ArrayBufferView {
  const bytes = new Uint8Array(view.byteLength)
  if (view.byteLength > 0) bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
  if (view instanceof Uint8ClampedArray) return new Uint8ClampedArray(bytes.buffer)
  if (view instanceof Float32Array) return new Float32Array(bytes.buffer)
  return view instanceof Uint16Array ? new Uint16Array(bytes.buffer) : bytes
}

/** The same memory in a view of its own, since the owner's may come again without `transfer`. */
function share(view: ArrayBufferView): ArrayBufferView {
  if (view.byteLength === 0) return copyOf(view)
  const { buffer, byteOffset, byteLength } = view
  if (view instanceof Uint8ClampedArray) return new Uint8ClampedArray(buffer, byteOffset, byteLength)
  if (view instanceof Float32Array) return new Float32Array(buffer, byteOffset, byteLength / 4)
  return view instanceof Uint16Array
    ? new Uint16Array(buffer, byteOffset, byteLength / 2)
    : new Uint8Array(buffer, byteOffset, byteLength)
}
