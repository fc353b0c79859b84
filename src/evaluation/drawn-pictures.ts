import type { RawImage } from '../image/raw-image.ts'

/**
 * Pictures with captions for measuring what a precision loses, drawn on the spot. None of them is in the set that int8
 * is calibrated on: what was fitted to a picture would look better on it than it is. They differ in what towers see:
 * flat and busy, dark and bright, soft and sharp, scenes, textures and print.
 */
export function drawnPictures(): { readonly caption: string; readonly image: RawImage }[] {
  return Object.entries(PICTURES).map(([caption, paint]) => ({ caption, image: render(paint) }))
}

/** Pixels along an edge. */
const SIZE = 288

type Colour = readonly [red: number, green: number, blue: number]
/** The colour at a place, 0 to 255; x to the right and y down, 0 to 1. */
type Paint = (x: number, y: number) => Colour

function render(paint: Paint): RawImage {
  const data = new Uint8ClampedArray(SIZE * SIZE * 3)
  for (let y = 0, i = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++, i += 3) data.set(paint((x + 0.5) / SIZE, (y + 0.5) / SIZE), i)
  }
  return { data, width: SIZE, height: SIZE, channels: 3 }
}

const PICTURES: Readonly<Record<string, Paint>> = {
  'a red ball on a green meadow under a blue sky': (x, y) => {
    const far = Math.hypot(x - 0.5, y - 0.62)
    if (far < 0.2) return shade([215, 40, 35], 1.25 - 1.4 * Math.hypot(x - 0.43, y - 0.54) - far)
    return y < 0.55
      ? mix([90, 150, 230], [205, 225, 245], y / 0.55)
      : shade([80, 150, 60], 0.75 + 0.5 * noise(x * 90, y * 60))
  },
  'a full moon above dark mountains': (x, y) => {
    const ridge = 0.62 + 0.12 * Math.sin(x * 9) + 0.06 * noise(x * 12, 3)
    if (y > ridge) return [10, 12, 20]
    if (Math.hypot(x - 0.7, y - 0.25) < 0.11) return shade([245, 240, 215], 0.8 + 0.2 * noise(x * 30, y * 30))
    return mix([8, 10, 35], [45, 50, 95], y)
  },
  'sunrise over the sea': (x, y) => {
    if (Math.hypot(x - 0.4, y - 0.5) < 0.1 && y < 0.52) return [255, 235, 170]
    if (y < 0.52) return mix([70, 60, 120], [255, 160, 90], y / 0.52)
    const glint =
      Math.exp(-(((x - 0.4) / (0.05 + 0.2 * (y - 0.52))) ** 2)) *
      (Math.sin(y * 160 + 4 * noise(x * 20, y * 40)) > 0 ? 1 : 0)
    return mix([40, 60, 110], [255, 200, 130], 0.8 * glint + 0.2 * noise(x * 20, y * 70))
  },
  'a wall of red bricks': (x, y) => {
    const row = Math.floor(y * 12)
    const along = x * 6 + (row % 2) * 0.5
    if ((y * 12) % 1 < 0.1 || along % 1 < 0.05) return [195, 188, 178]
    return shade([170, 75, 55], 0.75 + 0.25 * hash(Math.floor(along), row) + 0.25 * noise(x * 80, y * 80))
  },
  'a wooden board': (x, y) => {
    const ring = Math.sin(40 * Math.hypot(x - 0.3, (y - 0.4) * 0.22) + 5 * noise(x * 3, y * 2))
    return mix([120, 75, 40], [200, 150, 95], 0.5 + 0.4 * ring + 0.1 * noise(x * 10, y * 120))
  },
  'a chessboard that reaches to the horizon': (x, y) => {
    if (y < 0.35) return mix([30, 30, 60], [150, 150, 190], y / 0.35)
    const depth = 0.4 / (y - 0.34)
    return (Math.floor((x - 0.5) * depth * 6 + 100) + Math.floor(depth * 6)) % 2 === 0
      ? [235, 230, 220]
      : [25, 25, 30]
  },
  'a rainbow in grey rain': (x, y) => {
    const band = (Math.hypot(x - 0.5, y - 0.95) - 0.55) / 0.14
    const grey = 110 + 60 * noise(x * 60 + y * 15, y * 4)
    return band > 0 && band < 1 ? mix([grey, grey, grey], hue(270 * (1 - band)), 0.55) : [grey, grey, grey]
  },
  'a sunflower seen from above': (x, y) => {
    const [far, angle] = [Math.hypot(x - 0.5, y - 0.5), Math.atan2(y - 0.5, x - 0.5)]
    if (far < 0.17) return shade([95, 60, 25], 0.6 + 0.5 * Math.abs(Math.sin(far * 150 + angle * 13)))
    if (far < 0.3 + 0.13 * Math.abs(Math.sin(angle * 8)))
      return shade([250, 195, 30], 1.1 - 0.8 * (far - 0.17))
    return shade([50, 110, 45], 0.7 + 0.5 * noise(x * 14, y * 14))
  },
  'a spiral galaxy among many stars': (x, y) => {
    const [far, angle] = [Math.hypot(x - 0.5, (y - 0.5) * 1.6), Math.atan2((y - 0.5) * 1.6, x - 0.5)]
    const star = hash(Math.floor(x * SIZE), Math.floor(y * SIZE)) > 0.994 ? 200 : 0
    const arm = Math.exp(-far * 6) * (0.55 + 0.45 * Math.cos(2 * angle - 9 * Math.log(far + 0.02)))
    const light = 300 * arm + 255 * Math.exp(-far * 25) + star
    return [light, light * 0.9, 25 + light]
  },
  'birch trees in the snow': (x, y) => {
    const tree = Math.abs(((x * 7 + 0.3 * noise(x * 2, 9)) % 1) - 0.5)
    if (tree > 0.12 || y > 0.85)
      return mix([225, 230, 240], [175, 185, 205], y > 0.7 ? noise(x * 9, y * 30) * 0.4 : 0.6 - 0.5 * y)
    return noise(x * 25, y * 45) > 0.66 ? [40, 36, 34] : shade([235, 232, 225], 1 - 1.8 * tree)
  },
  'tartan cloth in red, green and blue': (x, y) => {
    const stripe = (t: number): Colour =>
      (
        [
          [170, 25, 30],
          [20, 70, 40],
          [170, 25, 30],
          [25, 35, 95],
        ] as const
      )[Math.floor(t * 16) % 4]!
    const twill = Math.floor((x + y) * SIZE * 0.25) % 2
    return mix(stripe(x), stripe(y), twill === 0 ? 0.3 : 0.7)
  },
  'polished marble with dark veins': (x, y) => {
    const vein = Math.abs(Math.sin(7 * (x + y) + 6 * noise(x * 4, y * 4) + 3 * noise(x * 9, y * 9)))
    return shade([238, 235, 230], 0.45 + 0.55 * vein ** 0.35)
  },
  'a smiling yellow face': (x, y) => {
    const far = Math.hypot(x - 0.5, y - 0.5)
    if (far > 0.38) return [240, 240, 250]
    const eye = Math.min(Math.hypot(x - 0.38, y - 0.4), Math.hypot(x - 0.62, y - 0.4))
    const smile = Math.abs(Math.hypot(x - 0.5, y - 0.48) - 0.22) < 0.018 && y > 0.55
    return eye < 0.04 || smile || far > 0.36 ? [35, 30, 20] : [255, 215, 60]
  },
  'a page full of small print': (x, y) => {
    const [line, letter] = [Math.floor(y * 30), Math.floor(x * 48)]
    const margin = x < 0.08 || x > 0.92 || y < 0.06 || y > 0.94
    const blank = margin || (y * 30) % 1 < 0.35 || hash(letter, line) < 0.18
    return blank || hash(Math.floor(x * 144), Math.floor(y * 120)) < 0.45 ? [250, 248, 242] : [40, 40, 45]
  },
  'noise on an old television': (x, y) => {
    const value = 255 * hash(Math.floor(x * 144), Math.floor(y * 144)) * (0.75 + 0.25 * Math.sin(y * 500))
    return [value, value, value * 1.05]
  },
  'ripples on a quiet pond': (x, y) => {
    const wave =
      Math.sin(70 * Math.hypot(x - 0.35, (y - 0.4) * 1.5)) +
      Math.sin(55 * Math.hypot(x - 0.75, (y - 0.7) * 1.5))
    return mix([25, 70, 85], [170, 215, 215], 0.5 + 0.22 * wave)
  },
}

function mix(a: Colour, b: Colour, part: number): Colour {
  const t = Math.min(1, Math.max(0, part))
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}

const shade = ([red, green, blue]: Colour, light: number): Colour => [
  red * light,
  green * light,
  blue * light,
]

/** A saturated colour of the wheel; degrees. */
const hue = (degrees: number): Colour => {
  const channel = (shift: number): number => 127.5 + 127.5 * Math.cos(((degrees - shift) * Math.PI) / 180)
  return [channel(0), channel(120), channel(240)]
}

/** A value of [0, 1) for a place of a grid: an integer hash, the same on every platform. */
function hash(i: number, j: number): number {
  let h = Math.imul(i + 0x7ed55d16, 0x9e3779b1) ^ Math.imul(j + 0x165667b1, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32
}

/** Smooth noise of [0, 1), with a hill or a valley about every unit. */
function noise(x: number, y: number): number {
  const [i, j] = [Math.floor(x), Math.floor(y)]
  const [u, v] = [smooth(x - i), smooth(y - j)]
  const top = hash(i, j) * (1 - u) + hash(i + 1, j) * u
  return top * (1 - v) + (hash(i, j + 1) * (1 - u) + hash(i + 1, j + 1) * u) * v
}

const smooth = (t: number): number => t * t * (3 - 2 * t)
