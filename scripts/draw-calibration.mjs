// Makes models/calibration: the pictures and prompts on which int8 is calibrated when the user gives none. Our own
// drawings and textures, chosen to differ: flat, smooth, noisy, sharp, dark, bright. Run after draw-examples.mjs.
import { mkdir } from 'node:fs/promises'
import sharp from 'sharp'

const examples = new URL('../examples/images/', import.meta.url)
const out = new URL('../models/calibration/', import.meta.url)
await mkdir(out, { recursive: true })
const size = 256

for (const name of ['dragon-in-teacup', 'two-red-apples', 'sunset-beach', 'red-apple-dark']) {
  await sharp(new URL(`${name}.jpg`, examples).pathname)
    .resize(size)
    .jpeg({ quality: 85 })
    .toFile(new URL(`${name}.jpg`, out).pathname)
}

let state = 1
const random = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31

const textures = {
  // Noise at several scales: clouds, foliage, film grain.
  clouds: (() => {
    const grids = [4, 9, 31, 127].map((n) => ({ n, values: Array.from({ length: (n + 2) ** 2 }, random) }))
    const smooth = (t) => t * t * (3 - 2 * t)
    const at = ({ n, values }, x, y) => {
      const [u, v] = [(x / size) * n, (y / size) * n]
      const [i, j] = [Math.floor(u), Math.floor(v)]
      const [a, b] = [smooth(u - i), smooth(v - j)]
      const value = (k, l) => values[(j + l) * (n + 2) + i + k]
      return (
        (value(0, 0) * (1 - a) + value(1, 0) * a) * (1 - b) + (value(0, 1) * (1 - a) + value(1, 1) * a) * b
      )
    }
    return (x, y) => {
      const v =
        at(grids[0], x, y) * 0.45 +
        at(grids[1], x, y) * 0.3 +
        at(grids[2], x, y) * 0.15 +
        at(grids[3], x, y) * 0.1
      return [60 + 150 * v, 90 + 140 * v, 120 + 130 * v]
    }
  })(),
  // Hard edges at every distance: print, architecture, screens.
  stripes: (x, y) => (((x * x) / 900 + y / 7) % 2 < 1 ? [250, 248, 240] : [20, 24, 40]),
  // Saturated colours side by side.
  tiles: (x, y) => {
    const hue = ((Math.floor(x / 32) * 5 + Math.floor(y / 32) * 3) % 12) * 30
    return [0, 120, 240].map((shift) => 127.5 + 127.5 * Math.cos(((hue - shift) * Math.PI) / 180))
  },
  // Photon noise over a soft figure in the dark.
  night: (x, y) => {
    const light = 200 * Math.exp(-((x - 150) ** 2 + (y - 110) ** 2) / 2600)
    return [1, 0.85, 0.6].map((tint) => light * tint + 40 * random())
  },
}
for (const [name, colour] of Object.entries(textures)) {
  const data = new Uint8Array(size * size * 3)
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      data.set(
        colour(x, y).map((v) => Math.max(0, Math.min(255, v))),
        (y * size + x) * 3,
      )
  await sharp(data, { raw: { width: size, height: size, channels: 3 } })
    .jpeg({ quality: 80 })
    .toFile(new URL(`${name}.jpg`, out).pathname)
}
