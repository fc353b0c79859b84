/** Samples of one plane, row by row; 16 bits each where there are more than 8. */
export type Plane = Uint8Array | Uint16Array

/** The samples of a picture as AV1 stores them. */
export interface AvifPlanes {
  readonly width: number
  readonly height: number
  readonly depth: 8 | 10 | 12
  /** Whether chroma has half the columns, half the rows (rounded up). */
  readonly halfWidth: boolean
  readonly halfHeight: boolean
  readonly y: Plane
  /** Absent in gray pictures. */
  readonly chroma: readonly [u: Plane, v: Plane] | undefined
}

export const half = (size: number, isHalf: boolean): number => (isHalf ? (size + 1) >> 1 : size)

export const newPlane = (samples: number, depth: number): Plane =>
  depth > 8 ? new Uint16Array(samples) : new Uint8Array(samples)

/** Copies a tile's plane into that of a grid, as far as it lies within. */
export function placePlane(
  target: Plane,
  targetWidth: number,
  targetHeight: number,
  tile: Plane,
  tileWidth: number,
  tileHeight: number,
  left: number,
  top: number,
): void {
  const width = Math.min(tileWidth, targetWidth - left)
  const height = Math.min(tileHeight, targetHeight - top)
  for (let y = 0; y < height; y++)
    target.set(tile.subarray(y * tileWidth, y * tileWidth + width), (top + y) * targetWidth + left)
}
