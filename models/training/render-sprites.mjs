// Renders the pictures of WORK/catalogue.json to 160 × 160 RGBA with premultiplied alpha, fitted and centred:
// WORK/sprites.bin, in the catalogue's order; WORK/sprites.json says which could be rendered.
//   node render-sprites.mjs WORK
import { closeSync, openSync, readFileSync, writeFileSync,writeSync } from 'node:fs'
import sharp from 'sharp'

const SIZE = 160
const work = process.argv[2]
const { pictures } = JSON.parse(readFileSync(`${work}/catalogue.json`, 'utf8'))
const sets = new Map()
sharp.concurrency(1)

function source({ source, icon, file }) {
  if (file) return readFileSync(`${work}/${file}`)
  if (!sets.has(source)) sets.set(source, JSON.parse(readFileSync(`${work}/npm/@iconify-json-${source}/icons.json`, 'utf8')))
  const set = sets.get(source)
  const { body, width = set.width ?? 16, height = set.height ?? 16, left = 0, top = 0 } = set.icons[icon]
  return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="${left} ${top} ${width} ${height}" width="${SIZE}" height="${SIZE}">${body}</svg>`)
}

async function render(picture) {
  const transparent = { r: 0, g: 0, b: 0, alpha: 0 }
  const { data, info } = await sharp(source(picture), { limitInputPixels: 1e8 })
    .ensureAlpha().trim({ background: transparent, threshold: 1 })
    .resize(SIZE, SIZE, { fit: 'contain', background: transparent })
    .raw().toBuffer({ resolveWithObject: true })
  if (info.channels !== 4) throw new Error(`${info.channels} channels`)
  let opaque = 0
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]
    for (let c = 0; c < 3; c++) data[i + c] = Math.round((data[i + c] * alpha) / 255)
    opaque += alpha
  }
  // Nothing to see, or a rectangle without a cut-out.
  const share = opaque / 255 / (SIZE * SIZE)
  if (share < 0.02 || share > 0.97) throw new Error(`alpha covers ${share.toFixed(2)}`)
  return data
}

const out = openSync(`${work}/sprites.bin`, 'w')
const kept = []
let failed = 0
for (let i = 0; i < pictures.length; i += 4) {
  const results = await Promise.allSettled(pictures.slice(i, i + 4).map(render))
  results.forEach((result, j) => {
    if (result.status === 'rejected') return void (failed++ < 10 && console.log(JSON.stringify(pictures[i + j]), result.reason.message))
    writeSync(out, result.value)
    kept.push(i + j)
  })
  if (i % 800 === 0) console.log(i, pictures.length)
}
closeSync(out)
writeFileSync(`${work}/sprites.json`, JSON.stringify({ size: SIZE, kept }))
console.log(`${kept.length} rendered, ${failed} left out`)
