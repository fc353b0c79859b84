// Converts the trained checkpoints with icthp itself (`npm run build` first) and says how large they are.
//   node bundle.mjs CHECKPOINT OUT [dtype,…]     q8 unless said otherwise: it runs on every provider
// tokenizer.json is left out: only other libraries read it, and it is a tenth of the whole.
import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { convertCheckpoints } from 'icthp/convert'

const [checkpoint, out, dtypes = 'q8'] = process.argv.slice(2)
await convertCheckpoints({
  ict: join(checkpoint, 'ICT'), hp: join(checkpoint, 'HP'), base: join(checkpoint, 'base'), out, dtypes: dtypes.split(','),
  origins: { ict: { repository: 'icthp-demo/ICT', license: 'MIT' }, hp: { repository: 'icthp-demo/HP', license: 'MIT' } },
})
const manifestPath = join(out, 'ict/icthp.json')
const manifest = JSON.parse(await readFile(manifestPath, 'utf8'))
for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
  delete manifest.files[name]
  await rm(join(out, 'ict', name))
}
// As src/models/manifest.ts makes it, of what is left.
const { checksum: _, ...fields } = manifest
const checksum = createHash('sha256').update(JSON.stringify(fields)).digest('hex')
await writeFile(manifestPath, `${JSON.stringify({ ...fields, checksum }, null, 2)}\n`)
let total = 0
for (const kind of ['ict', 'hp']) {
  for (const entry of await readdir(join(out, kind), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size
  }
}
console.log(`${(total / 1e6).toFixed(1)} MB`)
