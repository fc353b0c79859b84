// One conversion, or the reading and writing that it cannot do without, in a process of its own:
//   conversion-child.mjs convert CHECKPOINT OUT DTYPES
//   conversion-child.mjs plain CHECKPOINT OUT SIZE…      reads every file of the checkpoint, then writes files of these sizes
// A line of JSON says what it took.
import { mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const BLOCK = 8 << 20
const [work, checkpoint, out, ...rest] = process.argv.slice(2)
const start = performance.now()
const since = () => (performance.now() - start) / 1000
let readSeconds

if (work === 'convert') {
  const { convertCheckpoints } = await import('icthp/convert')
  await convertCheckpoints({
    ict: join(checkpoint, 'ICT'),
    hp: join(checkpoint, 'HP'),
    base: join(checkpoint, 'base'),
    out,
    dtypes: rest[0].split(','),
  })
} else {
  // No file system or disk makes less of noise than of zeros.
  const block = new Uint8Array(BLOCK)
  for (let i = 0; i < BLOCK; i += 1 << 16) crypto.getRandomValues(block.subarray(i, i + (1 << 16)))
  const scratch = new Uint8Array(BLOCK)
  for (const entry of await readdir(checkpoint, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = await open(join(entry.parentPath, entry.name))
    while ((await file.read(scratch, 0, BLOCK)).bytesRead > 0);
    await file.close()
  }
  readSeconds = since()
  await mkdir(out, { recursive: true })
  for (const [i, size] of rest.map(Number).entries()) {
    const file = await open(join(out, `${i}`), 'wx')
    for (let done = 0; done < size; done += BLOCK) await file.write(block, 0, Math.min(BLOCK, size - done))
    await file.sync()
    await file.close()
  }
}

const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
process.stdout.write(
  `${JSON.stringify({ seconds: since(), readSeconds, user: userCPUTime / 1e6, system: systemCPUTime / 1e6, peak: maxRSS * 1024 })}\n`,
)
