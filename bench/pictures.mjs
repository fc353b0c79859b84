// Pictures and prompts to measure with: drawings of 1024 × 1024 that weigh what generated pictures do as JPEG of quality 95,
// a few soft shapes with fine grain, some 220 kB each.
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { cache } from './build.mjs'

const SIDE = 1024
const COUNT = 16

/** Paths of 16 JPEG files of 1024², made once. */
export async function drawnPictures() {
  const folder = join(cache, 'pictures')
  const paths = Array.from({ length: COUNT }, (_, i) => join(folder, `${String(i).padStart(2, '0')}.jpg`))
  if (paths.every((path) => existsSync(path))) return paths
  const { default: sharp } = await import('sharp')
  mkdirSync(folder, { recursive: true })
  for (const [i, path] of paths.entries()) {
    const partial = `${path}.partial`
    await sharp(drawing(i), { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .jpeg({ quality: 95 })
      .toFile(partial)
    renameSync(partial, path)
  }
  return paths
}

/** RGB bytes of a drawing. */
export function drawing(seed, side = SIDE) {
  let state = (seed + 1) * 0x9e3779b1
  const random = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const shapes = Array.from({ length: 12 }, () => ({
    x: random() * side,
    y: random() * side,
    radius: (0.05 + 0.2 * random()) * side,
    sharpness: 1 + 30 * random(),
    colour: [random(), random(), random()].map((value) => 255 * value),
  }))
  const values = new Uint8ClampedArray(side * side * 3)
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const colour = [70 + (100 * y) / side, 90 + (60 * x) / side, 150 - (80 * y) / side]
      for (const shape of shapes) {
        const distance = Math.hypot(x - shape.x, y - shape.y) / shape.radius
        if (distance > 1.6) continue
        const cover = 1 / (1 + Math.exp((distance - 1) * shape.sharpness))
        for (let c = 0; c < 3; c++) colour[c] += (shape.colour[c] - colour[c]) * cover
      }
      const grain = 7 * (random() - 0.5)
      for (const value of colour) values[i++] = value + grain
    }
  }
  return values
}

const SUBJECTS = [
  'a tiny dragon taking a bath in a teacup',
  'a red sports car made out of wood',
  'an old lighthouse on a cliff',
  'two cats playing chess',
  'a bowl of ramen with a soft boiled egg',
  'an astronaut riding a horse',
  'a street market after the rain',
  'a portrait of a young violinist',
  'a glass greenhouse full of ferns',
  'a paper boat on a puddle',
  'a fox asleep in the snow',
  'a steam train crossing a viaduct',
  'a stack of pancakes with berries',
  'a robot watering tomatoes',
  'a small library in a tree',
  'a whale above the clouds',
]
const MANNERS = [
  'golden hour, 35mm photograph',
  'in the style of a watercolour',
  'highly detailed digital painting',
  'isometric, pastel colours',
  'black and white, grainy film',
  'stained glass with ornate borders',
  'studio light on a plain background',
  'low poly render, soft shadows',
  'oil on canvas, visible brush strokes',
  'cinematic, shallow depth of field',
  'pencil sketch on yellowed paper',
  'vector poster, flat shapes',
  'seen from above, long shadows',
  'in thick morning fog',
  'at night, neon reflections',
  'macro shot, sharp focus',
]

/** The n-th of 256 prompts of ordinary length (12 to 20 tokens), none twice. */
export const prompt = (n) => `${SUBJECTS[n % 16]}, ${MANNERS[(n + Math.floor(n / 16)) % 16]}`

/** Hands out images with prompts, so that neighbours in time never see the same prompt. */
export function pairsOf(images) {
  let next = 0
  return (count) =>
    Array.from({ length: count }, () => ({
      image: images[next % images.length],
      prompt: prompt(next++ % 256),
    }))
}
