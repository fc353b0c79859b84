// Draws docs/ranking.svg, the README's picture, from what the command line really answers for examples/images on the
// demo model. Run: npm run build && node scripts/draw-ranking.mjs
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const PROMPT = 'two red apples on a table'
const root = fileURLToPath(new URL('..', import.meta.url))
const args = [
  'dist/cli/icthp.js',
  'rank',
  'examples/images',
  '--model',
  'models/demo',
  '--device',
  'cpu',
  '--prompt',
  PROMPT,
  '--json',
]
const { combine, weights, results } = JSON.parse(
  execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] }),
)

// The best one stands large on the left, the others in rows of four beside it.
const [thumb, gap, text, top, margin, columns] = [152, 16, 54, 82, 24, 4]
const rows = Math.ceil((results.length - 1) / columns)
const rowHeight = thumb + text
const large = rows * rowHeight + (rows - 1) * gap - text
const [width, height] = [2 * margin + large + columns * (thumb + gap), top + large + text + margin - 8]

const cards = await Promise.all(
  results.map(async ({ image, rank, score, ict, hp }, i) => {
    const size = i === 0 ? large : thumb
    const x = i === 0 ? margin : margin + large + gap + ((i - 1) % columns) * (thumb + gap)
    const y = i === 0 ? top : top + Math.floor((i - 1) / columns) * (rowHeight + gap)
    const jpeg = await sharp(`${root}${image}`)
      .resize(Math.round(1.5 * size))
      .jpeg({ quality: 72 })
      .toBuffer()
    return `<g transform="translate(${x} ${y})">
<clipPath id="c${i}"><rect width="${size}" height="${size}" rx="8"/></clipPath>
<image width="${size}" height="${size}" clip-path="url(#c${i})" href="data:image/jpeg;base64,${jpeg.toString('base64')}"/>
<circle cx="20" cy="20" r="13" fill="#1f2328" stroke="#fff" stroke-width="1.5"/><text class="rank" x="20" y="24.5">${rank}</text>
<text class="score" x="1" y="${size + 20}">${score.toFixed(4)}</text>
<text class="parts" x="1" y="${size + 36}">ICT ${ict.toFixed(4)} · HP ${hp.toFixed(4)}</text>
<text class="parts" x="1" y="${size + 51}">${basename(image)}</text>
</g>`
  }),
)

writeFileSync(
  new URL('../docs/ranking.svg', import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>text{font-family:ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328;font-size:13px}
.mono{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:15px}.rank{fill:#fff;font-weight:700;text-anchor:middle}
.score{font-weight:700;font-size:15px}.parts{font-size:11.5px;fill:#59636e}.label{fill:#9a6700}</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" fill="#fff" stroke="#d1d9e0"/>
<text class="mono" x="${margin}" y="36">$ icthp rank examples/images --prompt "${PROMPT}"</text>
<text class="parts" x="${margin}" y="60">best first by ${combine}: ${weights.ict}·ICT + ${weights.hp}·HP <tspan class="label">· by the small demo model that comes along, not the published ones</tspan></text>
${cards.join('\n')}
</svg>
`,
)
