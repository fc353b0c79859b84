// `node bench/browser-memory.mjs FOLDER [--dtype fp32,q8,int8] [--threads N]`: how much memory a tab takes that loads the HP
// model of a folder that `icthp convert` wrote, and scores one picture with it, on WebAssembly in Chromium ($CHROMIUM).
// Heaps are asked over the DevTools protocol and processes over /proc, some times a second, so that short peaks can be
// missed; Linux only. docs/browser.md tells what came of it.
import { createReadStream, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { ensureBuilt } from './build.mjs'
import { table } from './table.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dtype: { type: 'string', default: 'fp32' }, threads: { type: 'string', default: '1' } },
})
const model = resolve(positionals[0] ?? '.')
const TYPES = {
  html: 'text/html',
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
  json: 'application/json',
}

// The page of examples/plain, whose import map it is.
const map = readFileSync(join(root, 'examples/plain/index.html'), 'utf8').match(
  /<script type="importmap">.*?<\/script>/s,
)[0]
const page = `<!doctype html>${map.replace('./node_modules/icthp/dist/', './dist/')}<script type="module">
  import { HpScorer } from 'icthp/web'
  globalThis.load = async (options) => { globalThis.hp = await HpScorer.fromPretrained('./model/', options); return hp.info }
</script>`

/** Put into the worker before its script: it remembers WebAssembly's memories, whoever makes them. */
const WATCH_WASM = `{
  const memories = globalThis.wasmMemories = new Set()
  const Memory = WebAssembly.Memory
  WebAssembly.Memory = new Proxy(Memory, { construct: (target, args) => { const made = Reflect.construct(target, args); memories.add(made); return made } })
  const { instantiate, instantiateStreaming } = WebAssembly
  const keep = (result) => { for (const value of Object.values((result.instance ?? result).exports)) if (value instanceof Memory) memories.add(value); return result }
  WebAssembly.instantiate = (...args) => instantiate(...args).then(keep)
  WebAssembly.instantiateStreaming = (...args) => instantiateStreaming(...args).then(keep)
}`

ensureBuilt({ step: (text) => console.error(text) })
const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname)
  response
    .setHeader('cross-origin-opener-policy', 'same-origin')
    .setHeader('cross-origin-embedder-policy', 'require-corp')
  if (path === '/') return response.setHeader('content-type', 'text/html').end(page)
  const file = path.startsWith('/model/') ? join(model, path.slice(7)) : join(root, path)
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isFile()) return response.writeHead(404).end()
  response.writeHead(200, {
    'content-type': TYPES[file.split('.').pop()] ?? 'application/octet-stream',
    'content-length': stat.size,
  })
  createReadStream(file).pipe(response)
})
await new Promise((go) => server.listen(0, '127.0.0.1', go))

const MB = (bytes) => (bytes / 1e6).toFixed(0)
const rows = []
for (const dtype of values.dtype.split(',')) await measure(dtype)
console.log(
  table(
    ['', 'file', 'page JS', 'page buffers', 'worker JS', 'worker buffers', 'WebAssembly', 'renderer PSS'],
    rows,
  ),
)
server.close()

/** Once with an empty store, once with the model kept, each in a browser of its own. */
async function measure(dtype) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
  const profile = mkdtempSync(join(tmpdir(), 'icthp-memory-'))
  process.once('exit', () => rmSync(profile, { recursive: true, force: true }))
  for (const visit of ['first visit', 'kept']) {
    const args = [
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      ...(process.getuid() === 0 ? ['--no-sandbox'] : []),
    ]
    const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args })
    const tab = context.pages()[0] ?? (await context.newPage())
    const peak = await watch(context, tab)
    await tab.goto(`http://localhost:${server.address().port}/`)
    await tab.waitForFunction(() => 'load' in globalThis)
    const idle = { ...peak.most }
    const started = Date.now()
    const options = { device: 'wasm', dtype, threads: Number(values.threads), selfTest: true }
    const info = await tab.evaluate((given) => globalThis.load(given), options)
    const seconds = ((Date.now() - started) / 1000).toFixed(1)
    await peak.settle()
    console.error(
      `${dtype}, ${visit}: ${info.backend}, ${seconds} s; before: renderer ${MB(idle.pss)} MB; page ${JSON.stringify(peak.now)}`,
    )
    const size = statSync(
      join(
        model,
        JSON.parse(readFileSync(join(model, 'hp/icthp.json'), 'utf8')).towers.vision[dtype].externalData.map(
          (path) => `hp/${path}`,
        )[0],
      ),
    ).size
    const { most, now } = peak
    const both = (name) => `${MB(most[name])} (${MB(now[name])})`
    rows.push([
      `${dtype}, ${visit}`,
      MB(size),
      both('page'),
      both('pageBuffers'),
      both('worker'),
      both('buffers'),
      both('wasm'),
      both('pss'),
    ])
    await peak.end()
    await context.close()
  }
}

/** Samples the memory of a page and of its worker until its `end`. */
async function watch(context, tab) {
  const most = { page: 0, pageBuffers: 0, worker: 0, buffers: 0, wasm: 0, pss: 0 }
  const now = { ...most }
  const cdp = await context.newCDPSession(tab)
  const workers = await followWorkers(cdp)
  const sample = async () => {
    const page = await cdp.send('Runtime.getHeapUsage')
    now.page = page.usedSize
    now.pageBuffers = page.backingStorageSize ?? 0
    Object.assign(now, await workers.sample())
    now.pss = rendererPss()
    for (const name of Object.keys(most)) most[name] = Math.max(most[name], now[name])
  }
  let running = true
  const loop = (async () => {
    while (running) {
      await sample().catch(() => {})
      await new Promise((go) => setTimeout(go, 50))
    }
  })()
  return {
    most,
    now,
    settle: async () => {
      await workers.collect()
      await new Promise((go) => setTimeout(go, 1000))
      await sample()
    },
    end: async () => {
      running = false
      await loop
    },
  }
}

/** Attaches to the page's workers as they start, so that their WebAssembly memories are seen from the first on. */
async function followWorkers(cdp) {
  const workers = new Set()
  const ask = messengerOf(cdp)
  cdp.on('Target.attachedToTarget', async ({ sessionId, targetInfo, waitingForDebugger }) => {
    if (targetInfo.title === 'icthp-worker' || targetInfo.url.includes('worker-web')) {
      await ask(sessionId, 'Runtime.evaluate', { expression: WATCH_WASM })
      workers.add(sessionId)
    }
    if (waitingForDebugger) await ask(sessionId, 'Runtime.runIfWaitingForDebugger')
  })
  cdp.on('Target.detachedFromTarget', ({ sessionId }) => workers.delete(sessionId))
  await cdp.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: false })
  return {
    sample: async () => {
      const now = {}
      for (const sessionId of workers) {
        const { usedSize, backingStorageSize } = await ask(sessionId, 'Runtime.getHeapUsage')
        if (usedSize === undefined) continue
        now.worker = usedSize
        const asked = await ask(sessionId, 'Runtime.evaluate', {
          expression:
            '[...(globalThis.wasmMemories ?? [])].reduce((sum, { buffer }) => sum + buffer.byteLength, 0)',
          returnByValue: true,
        })
        now.wasm = asked.result?.value ?? 0
        now.buffers = backingStorageSize ?? 0
      }
      return now
    },
    collect: async () => {
      for (const sessionId of workers) await ask(sessionId, 'HeapProfiler.collectGarbage')
    },
  }
}

/** Asks targets that are not flattened into the session; a target that is gone answers with nothing. */
function messengerOf(cdp) {
  let ids = 0
  const waiting = new Map()
  cdp.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message)
    waiting.get(id)?.(result ?? {})
    waiting.delete(id)
  })
  return (sessionId, method, params = {}) =>
    new Promise((go) => {
      const id = ++ids
      waiting.set(id, go)
      cdp
        .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) })
        .catch(() => go({}))
    })
}

/** Of the largest renderer that descends from this process: its pages, those that it shares in part. */
function rendererPss() {
  const parents = new Map()
  const renderers = []
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(pid, readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ')[1])
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) renderers.push(pid)
    } catch {
      // It has ended.
    }
  }
  const isOurs = (pid) => pid === String(process.pid) || (parents.has(pid) && isOurs(parents.get(pid)))
  return Math.max(0, ...renderers.filter(isOurs).map(pssOf))
}

function pssOf(pid) {
  try {
    return 1024 * Number(/^Pss:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1])
  } catch {
    return 0
  }
}
