// Draws examples/images: the same pictures in several states and subjects, so that a ranking can be checked by eye.
// Our own drawings, under the licence of this repository. Run: node scripts/draw-examples.mjs
import { mkdir } from 'node:fs/promises'
import sharp from 'sharp'

const out = new URL('../examples/images/', import.meta.url)
await mkdir(out, { recursive: true })

const svg = (body, defs = '') =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 512 512"><defs>${defs}</defs>${body}</svg>`,
  )

const gradient = (id, ...stops) =>
  `<linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1">${stops
    .map((colour, i) => `<stop offset="${i / (stops.length - 1)}" stop-color="${colour}"/>`)
    .join('')}</linearGradient>`
const shade = (id, inner, outer) =>
  `<radialGradient id="${id}" cx="0.35" cy="0.3" r="0.8"><stop offset="0" stop-color="${inner}"/><stop offset="1" stop-color="${outer}"/></radialGradient>`

const table =
  '<rect width="512" height="340" fill="url(#wall)"/><rect y="340" width="512" height="172" fill="url(#wood)"/>'
const tableDefs = gradient('wall', '#f6e7cf', '#e5c9a0') + gradient('wood', '#a8703e', '#6b4020')

const apple = (x, y, s, fill) =>
  `<g transform="translate(${x} ${y}) scale(${s})"><ellipse cy="92" rx="92" ry="14" fill="#0003"/>` +
  `<path d="M0-70C-20-92-100-88-100 0c0 62 44 96 76 92 12-2 18-6 24-6s12 4 24 6c32 4 76-30 76-92 0-88-80-92-100-70z" fill="url(#${fill})"/>` +
  '<path d="M0-66c-2-24 6-44 22-58" stroke="#5a3a1a" stroke-width="9" fill="none" stroke-linecap="round"/>' +
  '<path d="M10-96c24-30 62-24 72-14-20 26-50 30-72 14z" fill="#4d9a3a"/></g>'

const cup =
  '<g transform="translate(256 300)"><ellipse cy="118" rx="170" ry="24" fill="#0003"/><ellipse cy="104" rx="160" ry="26" fill="#f4f4f8"/>' +
  '<path d="M112-20c70-10 76 84-14 76l6-22c48 2 46-40 4-32z" fill="#f4f4f8"/>' +
  '<path d="M-120-50h240c0 90-40 150-120 150S-120 40-120-50z" fill="url(#china)"/>' +
  '<ellipse cy="-50" rx="120" ry="26" fill="#e9eef4"/><ellipse cy="-48" rx="106" ry="20" fill="#b5773c"/></g>'
const dragon =
  '<g transform="translate(256 214)" fill="#3fa35b"><path d="M-70 40C-80-10-50-50-10-50c30 0 40 20 70 16 24-4 40 20 20 34-16 10-40 4-52 8-6 20 6 30 16 36z"/>' +
  '<path d="M-40-40l-50-60 70 26 4-58 34 68z" fill="#2c7a42"/><circle cx="46" cy="-18" r="8" fill="#fff"/><circle cx="48" cy="-18" r="4" fill="#111"/>' +
  '<path d="M-74 30c-40-4-56-36-40-58 4 22 20 30 44 34z"/><path d="M84-14l18 4-16 6z" fill="#ffb300"/></g>'

const scenes = {
  'red-apple': svg(table + apple(256, 300, 1.25, 'red'), tableDefs + shade('red', '#ff6b5a', '#a80f16')),
  'green-apple': svg(
    table + apple(256, 300, 1.25, 'green'),
    tableDefs + shade('green', '#d4f27a', '#5f9a1b'),
  ),
  'two-red-apples': svg(
    table + apple(138, 318, 0.85, 'red') + apple(372, 322, 0.85, 'red'),
    tableDefs + shade('red', '#ff6b5a', '#a80f16'),
  ),
  'dragon-in-teacup': svg(table + dragon + cup, tableDefs + gradient('china', '#ffffff', '#b9c7dc')),
  teacup: svg(table + cup, tableDefs + gradient('china', '#ffffff', '#b9c7dc')),
  'sunset-beach': svg(
    '<rect width="512" height="300" fill="url(#sky)"/><circle cx="256" cy="270" r="70" fill="#ffe08a"/>' +
      '<rect y="290" width="512" height="222" fill="url(#sea)"/><path d="M0 400q128-34 256 0t256 0v112H0z" fill="#e9cf97"/>' +
      '<path d="M196 310h120M166 332h180M206 354h100" stroke="#ffe9b0" stroke-width="6" stroke-linecap="round"/>',
    gradient('sky', '#3b2a6b', '#d4577a', '#ffb26b') + gradient('sea', '#d98a6a', '#3a5a8c'),
  ),
}

const jpeg = (image, name, quality = 92) =>
  image.jpeg({ quality, chromaSubsampling: '4:4:4' }).toFile(new URL(`${name}.jpg`, out).pathname)
for (const [name, picture] of Object.entries(scenes)) await jpeg(sharp(picture).removeAlpha(), name)

// The same apple, worse: what a judge of quality should put below the first.
const apples = sharp(await sharp(scenes['red-apple']).removeAlpha().png().toBuffer())
await jpeg(apples.clone().blur(9), 'red-apple-blurred')
await jpeg(apples.clone().linear(0.28, 0), 'red-apple-dark')
await jpeg(apples.clone(), 'red-apple-jpeg-artefacts', 4)
