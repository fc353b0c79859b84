// Judges converted models on the pictures of make_tests.py, with icthp's own scorers.
//   node evaluate.mjs TESTS MODELS… [--readme FILE]
// Prints Markdown; with --readme, replaces what stands between the marks <!-- results --> and <!-- /results --> of FILE.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HpScorer, IctScorer } from 'icthp/node'

const args = process.argv.slice(2)
const mark = args.indexOf('--readme')
const readme = mark < 0 ? undefined : args.splice(mark, 2)[1]
const [folder, ...models] = args
const tests = JSON.parse(readFileSync(join(folder, 'tests.json'), 'utf8'))
const percent = (share) => `${(100 * share).toFixed(1)} %`
const share = (list, test) => list.filter(test).length / list.length
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)
const unique = (list) => [...new Set(list)]

/** Value by key, of `embed(keys)`. */
async function table(keys, embed) {
  const values = await embed(keys)
  return new Map(keys.map((key, i) => [key, values[i]]))
}

async function judgeIct(scorer) {
  const all = Object.values(tests.galleries).flat(2)
  const images = await table(unique([...all, ...tests.changed].map(({ image }) => image)), (list) => scorer.embedImages(list.map((name) => join(folder, name))))
  const texts = await table(unique([...all, ...tests.changed].flatMap(({ caption, changed }) => [caption, changed ?? caption])), (list) => scorer.embedTexts(list))
  const score = (caption, image) => dot(texts.get(caption), images.get(image))
  const figures = {}
  for (const [label, galleries] of Object.entries(tests.galleries)) {
    const ranks = galleries.flatMap((gallery) => gallery.map(({ caption, image }) => {
      const own = score(caption, image)
      return gallery.filter((other) => score(caption, other.image) > own).length
    }))
    const matched = galleries.flat().map(({ caption, image }) => score(caption, image))
    const mismatched = galleries.flatMap((gallery) => gallery.map(({ caption }, i) => score(caption, gallery[(i + 37) % gallery.length].image)))
    figures[`${label}: picture of the caption first of 100 (chance 1 %)`] = percent(share(ranks, (rank) => rank < 1))
    figures[`${label}: among the first 5 (chance 5 %)`] = percent(share(ranks, (rank) => rank < 5))
    figures[`${label}: AUC, matched against mismatched captions (chance 0.5)`] = auc(matched, mismatched).toFixed(3)
  }
  for (const [what, name] of Object.entries({ colour: 'colour', count: 'number', thing: 'thing', place: 'place' })) {
    const list = tests.changed.filter((test) => test.what === what)
    const [right, wrong] = [list.map(({ caption, image }) => score(caption, image)), list.map(({ changed, image }) => score(changed, image))]
    figures[`one ${name} changed: AUC (chance 0.5)`] = auc(right, wrong).toFixed(3)
    figures[`one ${name} changed: right caption above the wrong one (chance 50 %)`] = percent(share(right, (value, i) => value > wrong[i]))
  }
  return figures
}

async function judgeHp(scorer) {
  const logits = await table(unique(tests.pairs.flatMap(({ clean, worse }) => [clean, worse])), (list) => scorer.logits(list.map((name) => join(folder, name))))
  const wins = (list) => share(list, ({ clean, worse }) => logits.get(clean) > logits.get(worse))
  const strengths = unique(tests.pairs.map(({ strength }) => strength))
  const rows = unique(tests.pairs.map(({ kind }) => kind)).map((kind) => [kind.replace('_', ' '), ...strengths.map((strength) => percent(wins(tests.pairs.filter((pair) => pair.kind === kind && pair.strength === strength))))])
  rows.push(['**all**', ...strengths.map((strength) => percent(wins(tests.pairs.filter((pair) => pair.strength === strength))))])
  return { strengths, rows }
}

/** How likely a value of `high` is above one of `low`. */
function auc(high, low) {
  const sorted = [...high.map((value) => [value, 1]), ...low.map((value) => [value, 0])].sort(([a], [b]) => a - b)
  let below = 0
  let won = 0
  for (const [, isHigh] of sorted) {
    if (isHigh) won += below
    else below++
  }
  return won / (high.length * low.length)
}

const row = (cells) => `| ${cells.join(' | ')} |`
const lines = []
const ict = []
for (const model of models) {
  const manifest = JSON.parse(readFileSync(join(model, 'ict/icthp.json'), 'utf8'))
  for (const dtype of Object.keys(manifest.towers.vision)) {
    const scorer = await IctScorer.fromPretrained(model, { dtype, device: 'cpu' })
    ict.push([dtype, await judgeIct(scorer)])
    await scorer.dispose()
  }
}
lines.push(row(['ICT', ...ict.map(([dtype]) => dtype)]), row(['---', ...ict.map(() => '--:')]))
for (const name of Object.keys(ict[0][1])) lines.push(row([name, ...ict.map(([, figures]) => figures[name])]))
for (const model of models) {
  const manifest = JSON.parse(readFileSync(join(model, 'hp/icthp.json'), 'utf8'))
  for (const dtype of Object.keys(manifest.towers.vision)) {
    const scorer = await HpScorer.fromPretrained(model, { dtype, device: 'cpu' })
    const { strengths, rows } = await judgeHp(scorer)
    await scorer.dispose()
    lines.push('', row([`HP, ${dtype}: clean above spoiled (chance 50 %)`, ...strengths]), row(['---', ...strengths.map(() => '--:')]), ...rows.map(row))
  }
}
console.log(lines.join('\n'))
if (readme) {
  const [start, end] = ['<!-- results -->', '<!-- /results -->']
  const text = readFileSync(readme, 'utf8')
  const [head, tail] = [text.indexOf(start), text.indexOf(end)]
  if (head < 0 || tail < head) throw new Error(`${readme} lacks the marks ${start} and ${end}`)
  writeFileSync(readme, `${text.slice(0, head + start.length)}\n${lines.join('\n')}\n${text.slice(tail)}`)
}
