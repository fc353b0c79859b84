// What a server does that is asked for ten times what it can do: what it answers, how soon it refuses, and its memory.
import { drawing, prompt } from '../pictures.mjs'
import { median } from '../statistics.mjs'
import { number } from '../table.mjs'
import { checked, formOf, startServer } from './server-process.mjs'

export const OVERLOAD = 10

/** Small pictures, since their bytes must not be what is measured: it takes the client's CPU, too. */
export async function measureOverload({ model, overloadSeconds, signal, terminal }, flags, rate) {
  const { default: sharp } = await import('sharp')
  const small = await sharp(drawing(1, 256), { raw: { width: 256, height: 256, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer()
  const form = formOf(small, prompt(2))
  const queue = Math.max(8, Math.ceil(2 * rate))
  const server = await startServer(['-m', model, '--max-queue', String(queue), ...flags.map(String)])
  const {
    rate: capacity,
    memories,
    refusals,
    statuses,
    answered,
  } = await overload({
    server,
    form,
    seconds: overloadSeconds,
    signal,
    terminal,
  })
  await server.end()
  refusals.sort((a, b) => a - b)
  const at = (share) => number(refusals[Math.floor(share * (refusals.length - 1))] ?? 0)
  const third = Math.ceil(memories.length / 3)
  const [early, late] = [median(memories.slice(third, 2 * third)), median(memories.slice(-third))]
  const seen = [...statuses].map(([status, times]) => `${status}: ${times}`).join(', ')
  return [
    [`asked for ${OVERLOAD} times what it can do, images a second`, number(OVERLOAD * capacity), ''],
    [`answers in ${overloadSeconds} s`, seen, '200 and 429'],
    ['answered with scores, images a second', number(answered / overloadSeconds), ''],
    ['refusals, ms: median, 99 %, longest', `${at(0.5)}, ${at(0.99)}, ${at(1)}`, 'within 50'],
    [
      'memory, MiB: middle third, last third',
      `${number(early / 2 ** 20)}, ${number(late / 2 ** 20)}`,
      'flat',
    ],
  ]
}

async function overload({ server, form, seconds, signal, terminal }) {
  terminal.step('What it can do of small pictures')
  const rate = await closedLoop(server, form, 4)
  terminal.step(`${OVERLOAD} times as much for ${seconds} s`)
  const statuses = new Map()
  const refusals = []
  const memories = []
  const open = new Set()
  let answered = 0
  const ask = async () => {
    const { status, text, ms } = await server.score(form).catch(({ code }) => ({ status: code, text: '' }))
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status === 429) refusals.push(ms)
    if (status === 200) answered += JSON.parse(text).results.length
  }
  const start = performance.now()
  let sent = 0
  let sampled = 0
  while (performance.now() - start < 1000 * seconds) {
    signal.throwIfAborted()
    const passed = (performance.now() - start) / 1000
    for (; sent < OVERLOAD * rate * passed; sent++) {
      const asked = ask().finally(() => open.delete(asked))
      open.add(asked)
    }
    if (passed >= sampled) {
      sampled += 1
      memories.push((await server.metrics()).process_resident_memory_bytes)
      terminal.detail(`${Math.round(passed)} s, ${Math.round(memories.at(-1) / 2 ** 20)} MiB`)
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(open)
  if ([...statuses.values()].reduce((a, b) => a + b, 0) !== sent)
    throw new Error('a request was not answered')
  return { rate, statuses, refusals, memories, answered }
}

/** Images a second of small pictures, under clients that wait for their answers. */
async function closedLoop(server, form, seconds) {
  const end = performance.now() + 1000 * seconds
  let done = 0
  const client = async () => {
    while (performance.now() < end) {
      checked(await server.score(form))
      done++
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  return done / seconds
}
