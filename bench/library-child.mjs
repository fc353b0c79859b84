// The library by itself, in a process of its own, for bench/server.mjs: scores the same pictures as the server's clients send.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createNodeDecoder, HpScorer, IctScorer, OrtNodeBackend, scoreImages } from 'icthp/node'

const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)

const [model, batchSize, threads] = process.argv.slice(2)
const options = {
  backend: new OrtNodeBackend(),
  decoder: createNodeDecoder({ idleSeconds: 3600 }),
  device: 'cpu',
  ...(batchSize === 'auto' ? {} : { batchSize: Number(batchSize) }),
  ...(threads === 'auto' ? {} : { threads: Number(threads) }),
}
const ict = await IctScorer.fromPretrained(model, options)
const hp = await HpScorer.fromPretrained(model, options)
say({ ready: true, batchSize: hp.info.batchSize, dtype: hp.info.dtype })

const files = new Map()
const bytesOf = (path) => {
  if (!files.has(path)) files.set(path, readFileSync(path))
  return files.get(path)
}

async function score(images, prompt) {
  const start = performance.now()
  let scored = 0
  for await (const { scores } of scoreImages(images, { ict, hp, prompt }))
    scored += Number.isFinite(scores.hp) ? 1 : 0
  if (scored !== images.length) throw new Error(`${scored} of ${images.length} were scored`)
  return performance.now() - start
}

const TASKS = {
  /** Seconds for the whole list, and the CPU's. */
  list: async ({ paths, prompt }) => {
    const before = process.cpuUsage()
    const seconds = (await score(paths.map(bytesOf), prompt)) / 1000
    const { user, system } = process.cpuUsage(before)
    return { seconds, cpu: (user + system) / 1e6 }
  },
  /** Milliseconds of each picture by itself. */
  single: async ({ paths, prompt }) => {
    const times = []
    for (const path of paths) times.push(await score([bytesOf(path)], prompt))
    return { times }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { task, ...given } = JSON.parse(line)
  try {
    say(await TASKS[task](given))
  } catch (error) {
    say({ error: error.message })
  }
}
process.exit(0)
