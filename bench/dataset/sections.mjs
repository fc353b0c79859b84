// What bench/dataset.mjs measures: a section each, which answers with lines of [what, figure, bound, whether it holds].
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'tsup'
import { root } from '../build.mjs'
import { drawnPictures } from '../pictures.mjs'
import { killUntilDone, shardOf, writeShards } from './kill.mjs'

const { datasetStatus, enqueueDataset, scoreDataset } = await import('../../dist/dataset.js')
const run = promisify(execFile)
const cli = join(root, 'dist/cli/icthp.js')
const MB = 1e6

/** A folder that is gone afterwards. */
async function within(work) {
  const folder = mkdtempSync(join(tmpdir(), 'icthp-bench-dataset-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The servers of the tests, which are TypeScript. */
async function testServers() {
  const outDir = join(root, 'node_modules/.cache/icthp-bench-dataset')
  const entry = {
    s3: join(root, 'test/dataset/s3-server.ts'),
    redis: join(root, 'test/dataset/queue/redis.ts'),
  }
  await build({
    config: false,
    entry,
    outDir,
    format: 'esm',
    target: 'node20',
    platform: 'node',
    dts: false,
    external: [/^[@a-z]/],
    silent: true,
  })
  return { ...(await import(join(outDir, 's3.js'))), ...(await import(join(outDir, 'redis.js'))) }
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** A header of ustar, for tars that are too large to be made in memory. */
function tarHeader(name, size) {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\0' + '00', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** A tar of `count` files from `body(i)`, written as it is made. */
async function writeTar(path, count, body) {
  const file = createWriteStream(path)
  const put = async (bytes) => file.write(bytes) || (await once(file, 'drain'))
  for (let i = 0; i < count; i++) {
    const bytes = body(i)
    await put(tarHeader(`${String(i).padStart(6, '0')}.jpg`, bytes.length))
    await put(bytes)
    if (bytes.length % 512) await put(Buffer.alloc(512 - (bytes.length % 512)))
  }
  file.end(Buffer.alloc(1024))
  await once(file, 'finish')
}

async function tar({ images, rounds, detail }) {
  return within(async (folder) => {
    const pictures = await drawnPictures()
    mkdirSync(join(folder, 'files'))
    for (let i = 0; i < images; i++)
      copyFileSync(pictures[i % pictures.length], join(folder, 'files', `${String(i).padStart(6, '0')}.jpg`))
    await writeTar(join(folder, 'shard.tar'), images, (i) => readFileSync(pictures[i % pictures.length]))
    const { HpScorer } = await import('../../dist/node.js')
    const hp = await HpScorer.fromPretrained(join(root, 'models/demo'), { device: 'cpu' })
    const rates = { files: [], tar: [] }
    const once_ = async (source, name) => {
      const started = performance.now()
      await scoreDataset([join(folder, source)], { out: join(folder, name), hp, shardSize: images })
      return images / ((performance.now() - started) / 1000)
    }
    await once_('files', 'warm')
    for (let round = 0; round < rounds; round++) {
      detail(`round ${round + 1} of ${rounds}`)
      // Turn about, so that a machine that slows down slows both.
      const order = round % 2 ? ['tar', 'files'] : ['files', 'tar']
      for (const kind of order)
        rates[kind].push(await once_(kind === 'tar' ? 'shard.tar' : 'files', `${kind}-${round}`))
    }
    await hp.dispose()
    const share = median(rates.tar.map((rate, i) => rate / rates.files[i]))
    const figure = `${share.toFixed(3)} (${median(rates.tar).toFixed(1)} of ${median(rates.files).toFixed(1)} images/s)`
    return [
      [
        `a shard of ${images} JPEGs from a tar, of the same files in a folder`,
        figure,
        '≥ 0.98',
        share >= 0.98,
      ],
    ]
  })
}

async function measureMemory(source, folder) {
  const args = ['--source', source, '--out', join(folder, 'out'), '--model', join(root, 'models/demo')]
  const { stdout } = await run(process.execPath, [join(root, 'bench/dataset/memory-child.mjs'), ...args])
  rmSync(join(folder, 'out'), { recursive: true, force: true })
  return JSON.parse(stdout)
}

function memoryLine(what, { rows, before, peak, early, late, seconds }) {
  const above = (peak - before) / MB
  const grown = (late - early) / MB
  const figure = `${above.toFixed(0)} MB above the model; second half ${grown >= 0 ? '+' : ''}${grown.toFixed(0)} MB (${rows} rows, ${seconds.toFixed(0)} s)`
  return [what, figure, 'flat, < 600 MB', above < 600]
}

async function memory({ pictures, gigabytes, detail }) {
  const { default: sharp } = await import('sharp')
  const small = await sharp({ create: { width: 32, height: 32, channels: 3, background: '#a63' } })
    .jpeg()
    .toBuffer()
  const lines = []
  lines.push(
    await within(async (folder) => {
      detail(`${pictures} pictures`)
      const perTar = 10_000
      mkdirSync(join(folder, 'in'))
      for (let t = 0; t * perTar < pictures; t++)
        await writeTar(join(folder, 'in', `${t}.tar`), Math.min(perTar, pictures - t * perTar), () => small)
      return memoryLine(
        `memory over ${pictures.toLocaleString('en')} pictures`,
        await measureMemory(join(folder, 'in'), folder),
      )
    }),
  )
  lines.push(
    await within(async (folder) => {
      detail(`a tar of ${gigabytes} GB`)
      // A picture with a megabyte behind its end, which decoders pass over.
      const large = Buffer.concat([small, Buffer.alloc(1e6)])
      await writeTar(join(folder, 'large.tar'), Math.round((gigabytes * 1e9) / large.length), () => large)
      return memoryLine(
        `memory over a tar of ${gigabytes} GB`,
        await measureMemory(join(folder, 'large.tar'), folder),
      )
    }),
  )
  return lines
}

/** What a status says, in a line. */
async function eachOnce(what, out, rows, note) {
  const status = await datasetStatus({ out, recount: true })
  const holds = status.complete && status.rows.done === rows
  return [
    what,
    `${status.rows.done} of ${rows} rows, ${status.problems.length} problems; ${note}`,
    'every row once',
    holds,
  ]
}

async function kills({ shards, detail }) {
  const { startRedis } = await testServers()
  const size = 20
  const lines = []
  for (const engine of ['leases on a folder', 'BullMQ on Redis']) {
    detail(engine)
    const isQueue = engine.startsWith('BullMQ')
    const redis = isQueue ? await startRedis() : undefined
    if (isQueue && !redis) {
      lines.push([`${shards} shards, killed workers: ${engine}`, 'no Redis', 'every row once', false])
      continue
    }
    lines.push(
      await within(async (folder) => {
        const [source, out] = [join(folder, 'in'), join(folder, 'out')]
        await writeShards(source, shards, size)
        const started = performance.now()
        if (redis) await enqueueDataset([source], { out, redis: redis.url, kinds: ['hp'] })
        const job = {
          sources: [source],
          out,
          silence: 3000,
          latency: 200,
          ...(redis ? { redis: redis.url } : {}),
        }
        const killed = await killUntilDone(job, { workers: 8, every: 2000 })
        const seconds = (performance.now() - started) / 1000
        const note = `${killed} killed −9 in ${seconds.toFixed(0)} s`
        return eachOnce(
          `${shards} shards, eight workers, one killed every 2 s: ${engine}`,
          out,
          shards * size,
          note,
        )
      }),
    )
    await redis?.stop()
  }
  return lines
}

async function store({ shards, detail }) {
  const { startS3 } = await testServers()
  const size = 20
  const count = Math.ceil(shards / 5)
  const s3 = await startS3({ refuse: 10, cut: 20 })
  Object.assign(process.env, s3.env)
  try {
    const { AwsClient } = await import('aws4fetch')
    const client = new AwsClient({
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
      service: 's3',
      region: 'us-east-1',
    })
    for (let s = 0; s < count; s++) {
      const body = await shardOf(s, size)
      for (let status = 0; status !== 200;) {
        const address = `${s3.env.AWS_ENDPOINT_URL}/bucket/in/${s}.tar`
        status = await client.fetch(address, { method: 'PUT', body }).then(
          (answer) => answer.status,
          () => 0,
        )
      }
    }
    detail('scoring')
    const started = performance.now()
    const job = { sources: ['s3://bucket/in'], out: 's3://bucket/out', silence: 20_000, latency: 0 }
    await killUntilDone(job, { workers: 4, every: 1_000_000, env: s3.env })
    const seconds = (performance.now() - started) / 1000
    const { requests, refused, cut } = s3.counts
    const note = `${requests} requests, ${refused} × 503, ${cut} cut, four workers, ${seconds.toFixed(0)} s`
    return [
      await eachOnce(
        'a store that answers 503 to every tenth request and cuts every twentieth connection',
        's3://bucket/out',
        count * size,
        note,
      ),
    ]
  } finally {
    await s3.close()
  }
}

async function again({ shards }) {
  return within(async (folder) => {
    const [source, out] = [join(folder, 'in'), join(folder, 'out')]
    await writeShards(source, shards, 2)
    const { createFakeScorers } = await import('../../dist/testing.js')
    const { hp } = createFakeScorers()
    await scoreDataset([source], { out, hp })
    const started = performance.now()
    const { scored } = await scoreDataset([source], { out, hp })
    const seconds = (performance.now() - started) / 1000
    return [
      [
        `second run over ${shards} shards that are done`,
        `${seconds.toFixed(2)} s, ${scored} scored`,
        '< 2 s',
        seconds < 2 && scored === 0,
      ],
    ]
  })
}

/** Seconds until the command line has said its first row, and until it is ended then; memory at that time. */
function firstRow(args, cwd) {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const child = spawn(process.execPath, [cli, 'score', ...args, '--only', 'hp', '--ndjson', '-q'], { cwd })
    let said = ''
    let rows
    child.stderr.setEncoding('utf8').on('data', (text) => (said += text))
    child.stdout.setEncoding('utf8').on('data', (text) => {
      rows ??= (performance.now() - started) / 1000
      void text
    })
    const ended = setTimeout(() => child.kill('SIGTERM'), 20_000)
    child.once('close', () => {
      clearTimeout(ended)
      if (rows === undefined) reject(new Error(said.trim().split('\n')[0] || 'no row within 20 s'))
      else resolve(rows)
    })
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGTERM'), 100))
  })
}

async function arguments_({ listed, detail }) {
  return within(async (folder) => {
    const [picture] = await drawnPictures()
    const { default: sharp } = await import('sharp')
    const small = await sharp(readFileSync(picture)).resize(224, 224).jpeg().toBuffer()
    mkdirSync(join(folder, 'p'))
    const names = Array.from({ length: listed }, (_, i) => `p/${i}.jpg`)
    for (const name of names) writeFileSync(join(folder, name), small)
    writeFileSync(join(folder, 'list.txt'), names.join('\n'))
    // What the process costs by itself.
    const alone = await firstRow([names[0]], folder)
    const lines = []
    for (const [way, args] of [
      ['arguments', names],
      ['a list', ['--list', 'list.txt']],
      ['a folder', ['p']],
    ]) {
      detail(way)
      const what = `${listed.toLocaleString('en')} images as ${way}: first row`
      try {
        const seconds = await firstRow(args, folder)
        lines.push([
          what,
          `${seconds.toFixed(2)} s (one image alone: ${alone.toFixed(2)} s)`,
          '< 1 s',
          seconds < 1,
        ])
      } catch (error) {
        lines.push([what, error.message, '< 1 s', false])
      }
    }
    return lines
  })
}

export const SECTIONS = { tar, memory, kills, store, again, arguments: arguments_ }
