/** Decoded pixels, row-major, 8 bits a channel. Channels: 1 gray, 2 gray+alpha, 3 RGB, 4 RGBA (not premultiplied). */
export interface RawImage {
  readonly data: Uint8Array | Uint8ClampedArray
  /** Pixels, at least 1. */
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
}

/** A decoded image as Pillow's `convert("RGB")` gives it: height × width × 3. */
export interface RgbImage extends RawImage {
  readonly data: Uint8Array
  readonly channels: 3
}
