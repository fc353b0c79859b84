// What the figures were measured on, and whether anything else was running.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import os from 'node:os'
import { gibibytes } from './table.mjs'

/** Instruction sets that decide how fast the kernels are. */
const FEATURES = /^(avx2|fma|avx512f|avx512_vnni|avx_vnni|avx512_bf16|avx512_fp16|amx_tile|amx_int8|amx_bf16|asimddp|asimdhp|i8mm|bf16|sve|sve2)$/

/** @typedef {Awaited<ReturnType<typeof describeMachine>>} Machine */

export async function describeMachine() {
  const constrained = process.constrainedMemory?.() ?? 0
  const memory = os.totalmem()
  return {
    date: new Date().toISOString().slice(0, 10),
    system: `${os.type()} ${os.release()} ${process.arch}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    features: cpuFeatures(),
    cores: os.availableParallelism(),
    memory: constrained > 0 && constrained < memory ? constrained : memory,
    versions: { node: process.version, ...Object.fromEntries(['onnxruntime-node', 'sharp'].map((name) => [name, packageVersion(name)])) },
    ...(await load()),
  }
}

/** Load average over a minute, and the share of the cores' time that went to others in the half second of this call. */
export async function load() {
  const before = ticks()
  await new Promise((resolve) => setTimeout(resolve, 500))
  const after = ticks()
  const total = after.total - before.total
  return { loadAverage: os.loadavg()[0], busy: total > 0 ? 1 - (after.idle - before.idle) / total : 0 }
}

/** @param {Machine} machine */
export function machineLines({ date, system, cpu, features, cores, memory, versions, loadAverage, busy }) {
  const lines = [
    `${cpu}, ${cores} core${cores === 1 ? '' : 's'}, ${gibibytes(memory)} memory; ${system}`,
    ...(features.length > 0 ? [`instruction sets: ${features.join(' ')}`] : []),
    `${Object.entries(versions).map(([name, version]) => `${name} ${version ?? 'not installed'}`).join(', ')}; measured ${date}`,
    `load average ${loadAverage.toFixed(1)}, ${Math.round(100 * busy)} % busy when the measurements began`,
  ]
  const warning = busyWarning({ cores, loadAverage, busy })
  return warning ? [...lines, warning] : lines
}

/** @param {Pick<Machine, 'cores' | 'loadAverage' | 'busy'>} state */
export function busyWarning({ cores, loadAverage, busy }) {
  if (busy < 0.15 && loadAverage < 0.5 * cores) return undefined
  return 'WARNING: the machine is busy with something else. Seconds below are too long; ratios, measured in turns, suffer less.'
}

function ticks() {
  const times = os.cpus().map((cpu) => cpu.times)
  const sum = (/** @type {readonly number[]} */ values) => values.reduce((a, b) => a + b, 0)
  return { idle: sum(times.map(({ idle }) => idle)), total: sum(times.flatMap((time) => Object.values(time))) }
}

/** As Linux names them; other systems do not say. */
function cpuFeatures() {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))
    return (line?.[1] ?? '').trim().split(/\s+/).filter((flag) => FEATURES.test(flag))
  } catch {
    return []
  }
}

/** @param {string} name */
function packageVersion(name) {
  const require = createRequire(import.meta.url)
  try {
    for (let folder = dirname(require.resolve(name)); folder !== dirname(folder); folder = dirname(folder)) {
      try {
        const { name: found, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
        if (found === name) return /** @type {string} */ (version)
      } catch {
        // Not the package's root yet.
      }
    }
  } catch {
    // Not installed.
  }
  return undefined
}
