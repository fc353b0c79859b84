// What the figures were measured on, and whether anything else was running.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import { dirname, join } from 'node:path'
import { gibibytes } from './table.mjs'

/** Instruction sets that decide how fast the kernels are. */
const FEATURES =
  /^(avx2|fma|avx512f|avx512_vnni|avx_vnni|avx512_bf16|avx512_fp16|amx_tile|amx_int8|amx_bf16|asimddp|asimdhp|i8mm|bf16|sve|sve2)$/

export async function describeMachine() {
  const constrained = process.constrainedMemory?.() ?? 0
  const memory = os.totalmem()
  return {
    date: new Date().toISOString().slice(0, 10),
    system: `${os.type()} ${os.release()} ${process.arch}`,
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown CPU',
    features: cpuFeatures(),
    cores: os.availableParallelism(),
    memory: constrained > 0 && constrained < memory ? constrained : memory,
    versions: {
      node: process.version,
      'onnxruntime-node': packageVersion('onnxruntime-node'),
      sharp: packageVersion('sharp'),
    },
    busy: await busyShare(),
  }
}

export function machineLines({ date, system, cpu, features, cores, memory, versions, busy }) {
  return [
    `${cpu}, ${cores} core${cores === 1 ? '' : 's'}, ${gibibytes(memory)} memory; ${system}`,
    ...(features.length > 0 ? [`instruction sets: ${features.join(' ')}`] : []),
    `${Object.entries(versions)
      .map(([name, version]) => `${name} ${version ?? 'not installed'}`)
      .join(', ')}; measured ${date}`,
    ...(busy > 0.15
      ? [
          `WARNING: the machine was ${Math.round(100 * busy)} % busy with something else. Seconds are too long; shares, measured in turns, suffer less.`,
        ]
      : []),
  ].join('\n')
}

/** The share of the cores' time that goes to others: measured over a second in which this process does nothing. */
async function busyShare() {
  const before = ticks()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const after = ticks()
  return after.total > before.total ? 1 - (after.idle - before.idle) / (after.total - before.total) : 0
}

function ticks() {
  const sum = (values) => values.reduce((a, b) => a + b, 0)
  const times = os.cpus().map((cpu) => cpu.times)
  return {
    idle: sum(times.map(({ idle }) => idle)),
    total: sum(times.flatMap((time) => Object.values(time))),
  }
}

/** As Linux names them; other systems do not say. */
function cpuFeatures() {
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))
    return line[1]
      .trim()
      .split(/\s+/)
      .filter((flag) => FEATURES.test(flag))
  } catch {
    return []
  }
}

function packageVersion(name) {
  let folder
  try {
    folder = dirname(createRequire(import.meta.url).resolve(name))
  } catch {
    return undefined
  }
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
      if (found.name === name) return found.version
    } catch {
      // Not the package's root yet.
    }
  }
  return undefined
}
