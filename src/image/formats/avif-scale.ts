import { damaged } from './avif-boxes.ts'
import type { AvifPlanes } from './avif-planes.ts'

/** Scales a picture whose data has another size than the file says. */
export function scalePlanes(planes: AvifPlanes, width: number, height: number): AvifPlanes {
  if (planes.width === width && planes.height === height) return planes
  throw damaged('its data has another size than it says')
}
