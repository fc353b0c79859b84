// Draws docs/ranking.svg, the README's picture, from what the command line really answers for examples/images on the
// small random model of `npm run example`. Run: npm run build && node scripts/draw-ranking.mjs
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import sharp from 'sharp'
import { cli, makeExampleModel, root } from './example-model.mjs'

const PROMPT = 'two red apples on a table'
const model = await makeExampleModel()
const args = [cli, 'rank', 'examples/images', '--model', model, '--device', 'cpu', '--prompt', PROMPT, '--json']
const { combine, weights, results } = JSON.parse(execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] }))

const [thumb, gap, text, top, margin] = [152, 16, 54, 74, 20]
const columns = 5
const rows = Math.ceil(results.length / columns)
const [width, height] = [2 * margin + columns * (thumb + gap) - gap, top + rows * (thumb + text + gap)]

const cards = await Promise.all(
  results.map(async ({ image, rank, score, ict, hp }, i) => {
    const [x, y] = [margin + (i % columns) * (thumb + gap), top + Math.floor(i / columns) * (thumb + text + gap)]
    const jpeg = await sharp(`${root}${image}`).resize(2 * thumb).jpeg({ quality: 70 }).toBuffer()
    return `<g transform="translate(${x} ${y})">
<image width="${thumb}" height="${thumb}" href="data:image/jpeg;base64,${jpeg.toString('base64')}"/>
<circle cx="16" cy="16" r="13" fill="#1f2328"/><text class="rank" x="16" y="21">${rank}</text>
<text class="score" x="0" y="${thumb + 19}">${score.toFixed(4)}</text>
<text class="parts" x="0" y="${thumb + 35}">ICT ${ict.toFixed(4)} · HP ${hp.toFixed(4)}</text>
<text class="parts" x="0" y="${thumb + 51}">${basename(image)}</text>
</g>`
  }),
)

writeFileSync(
  new URL('../docs/ranking.svg', import.meta.url),
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<style>text{font-family:ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328;font-size:13px}
.mono{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:15px}.rank{fill:#fff;font-weight:700;text-anchor:middle}
.score{font-weight:700;font-size:15px}.parts{font-size:11px;fill:#59636e}.label{fill:#9a6700}</style>
<rect width="${width}" height="${height}" rx="10" fill="#fff" stroke="#d1d9e0"/>
<text class="mono" x="${margin}" y="32">$ icthp rank examples/images --prompt "${PROMPT}"</text>
<text class="label" x="${margin}" y="56">${combine} ${weights.ict}·ICT + ${weights.hp}·HP. Made with random weights (npm run example): this order judges nothing.</text>
${cards.join('\n')}
</svg>
`,
)
