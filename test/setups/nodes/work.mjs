// Prints what must be the same in every version of Node: pixels, scores, and what the command line writes.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNodeDecoder, HpScorer, IctScorer, rankImages } from 'icthp/node'
import { createRewardServer } from 'icthp/server'

const PICTURE = 'red-apple.jpg'
const PROMPT = 'a red apple'
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')
const out = mkdtempSync(join(tmpdir(), 'icthp-nodes-'))
const found = {}

const bytes = readFileSync(PICTURE)
for (const sharp of ['auto', 'never']) {
  for (const threads of [0, 1]) {
    const decoder = createNodeDecoder({ sharp, threads })
    for (const [name, given] of Object.entries({ path: PICTURE, bytes, blob: new Blob([bytes]) })) {
      const pixels = await decoder.decode(given)
      const crop = await decoder.crop(pixels, { size: 224 })
      found[`${name}, sharp ${sharp}, ${threads} threads`] = [sha256(pixels.data), sha256(crop.data)]
    }
    await decoder.dispose()
  }
}

const options = { device: 'cpu', threads: 1 }
const ict = await IctScorer.fromPretrained(undefined, options)
const hp = await HpScorer.fromPretrained(undefined, options)
found.matrix = await ict.matrix([PICTURE, bytes], [PROMPT, '一个红苹果'])
found.ranking = (await rankImages([PICTURE, bytes], { prompt: PROMPT, ict, hp })).results
const server = createRewardServer({ scorers: [ict, hp] })
const form = new FormData()
form.append('prompt', PROMPT)
form.append('image', new File([bytes], PICTURE))
const answer = await server.fetch(new Request('http://localhost/v1/score', { method: 'POST', body: form }))
found.server = await answer.json()
await Promise.all([ict.dispose(), hp.dispose()])

const icthp = (...args) =>
  execFileSync(process.execPath, ['node_modules/icthp/dist/cli/icthp.js', ...args, '--quiet'], {
    encoding: 'utf8',
  })
const same = ['--device', 'cpu', '--prompt', PROMPT]
const [page, sheet] = ['page.html', 'best.png'].map((name) => join(out, name))
found.rank = icthp('rank', PICTURE, ...same, '--json', '--html', page, '--sheet', sheet)
found.page = readFileSync(page, 'utf8').includes('data:image/')
found.sheet = sha256(readFileSync(sheet))
icthp('dataset', 'score', PICTURE, ...same, '--format', 'ndjson', '--out', join(out, 'set'))
found.dataset = readdirSync(join(out, 'set'), { recursive: true, withFileTypes: true })
  .filter(({ name }) => name.endsWith('.ndjson'))
  .map(({ parentPath, path, name }) => readFileSync(join(parentPath ?? path, name), 'utf8'))
console.log(JSON.stringify(found))
