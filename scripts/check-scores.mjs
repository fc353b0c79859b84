/**
 * Holds a converted model against answers of the Python reference: every ICT and HP score and every embedding, batched and
 * one at a time. For checkpoints that are too large for `npm test`; ViT-H in float32 takes 8 GB of memory.
 *
 * Run: npm run build && node scripts/check-scores.mjs MODEL_DIR ANSWERS.json IMAGES_DIR [TOLERANCE]
 *
 * ANSWERS.json holds `images` (file names), `prompts`, `ict[image][prompt]`, `hp[image]`, and `ictImageEmbeds`,
 * `ictTextEmbeds`, `hpImageEmbeds`, whole or their first values. ICT's embeddings are of length 1, HP's as the tower gives
 * them. TOLERANCE is 5e-5 if left out.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HpScorer, IctScorer } from '../dist/node.js'

const [model, answersPath, folder, given = '5e-5'] = process.argv.slice(2)
const tolerance = Number(given)
if (!folder || !(tolerance > 0)) {
  console.error('Usage: node scripts/check-scores.mjs MODEL_DIR ANSWERS.json IMAGES_DIR [TOLERANCE]')
  process.exit(2)
}
const answers = JSON.parse(await readFile(answersPath, 'utf8'))
const images = answers.images.map((name) => join(folder, name))
const { prompts } = answers
let failed = false

/** Compares two tables, value by value; `right` may hold only the first values of a row. */
function check(name, got, right) {
  let [most, place] = [0, '']
  if (got.length !== right.length) throw new Error(`${name}: ${got.length} rows, not ${right.length}`)
  right.forEach((row, i) => {
    row.forEach((value, j) => {
      const off = Math.abs(got[i][j] - value)
      // NaN is no small difference.
      if (!(off <= most)) [most, place] = [off, `${i}, ${j}`]
    })
  })
  const passed = most <= tolerance
  failed ||= !passed
  const where = place === '' ? '' : ` at [${place}]`
  const off = `off by at most ${most.toExponential(2)}${where}`
  console.log(`${passed ? 'ok  ' : 'FAIL'}  ${name.padEnd(28)} ${right.length} × ${right[0].length}, ${off}`)
}

const rows = (scores) => scores.map((score) => [score])

async function oneAtATime(list, score) {
  const scores = []
  for (const one of list) scores.push(await score(one))
  return scores
}

/** One scorer at a time: both together need twice the memory. */
async function withScorer(Scorer, work) {
  const scorer = await Scorer.fromPretrained(model, { device: 'cpu', dtype: 'fp32' })
  try {
    await work(scorer)
  } finally {
    await scorer.dispose()
  }
}

console.log(`${model} beside ${answersPath}, tolerance ${tolerance}`)
await withScorer(IctScorer, async (ict) => {
  check('ICT scores', await ict.matrix(images, prompts), answers.ict)
  check(
    'ICT scores, one at a time',
    await oneAtATime(images, async (image) => (await ict.matrix([image], prompts))[0]),
    answers.ict,
  )
  check('ICT image embeddings', await ict.embedImages(images), answers.ictImageEmbeds)
  check('ICT text embeddings', await ict.embedTexts(prompts), answers.ictTextEmbeds)
})
await withScorer(HpScorer, async (hp) => {
  check('HP scores', rows(await hp.score(images)), rows(answers.hp))
  check(
    'HP scores, one at a time',
    rows(await oneAtATime(images, (image) => hp.score(image))),
    rows(answers.hp),
  )
  check('HP image embeddings', await hp.embedImages(images), answers.hpImageEmbeds)
})
process.exit(failed ? 1 : 0)
