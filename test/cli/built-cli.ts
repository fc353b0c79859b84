import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { once } from '../once.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const outDir = `${root}node_modules/.cache/icthp-cli`
export const cliPath: string = `${outDir}/cli/icthp.js`

/** Bundles the command line as it is published, for tests that need a process of its own; once for all. */
export async function buildCli(): Promise<void> {
  await once('cli', bundle)
}

async function bundle(): Promise<void> {
  await build({
    config: false,
    entry: {
      'cli/icthp': `${root}src/cli/icthp.ts`,
      'backend/ort-worker-node': `${root}src/backend/ort-node/ort-handler-node.ts`,
      'convert/digest-worker-node': `${root}src/convert/write/digest-worker-node.ts`,
      'image/worker-node': `${root}src/image/pool/worker-node.ts`,
    },
    outDir,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    splitting: true,
    dts: false,
    silent: true,
  })
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `icthp` in a process; `during` hears its output and may end it. */
export function icthp(
  args: readonly string[],
  options: {
    cwd: string
    nodeArgs?: readonly string[]
    start?: (child: ChildProcessWithoutNullStreams) => void
    during?: (child: ChildProcessWithoutNullStreams, stdout: string) => void
  },
): Promise<Ended> {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), cliPath, ...args], {
    cwd: options.cwd,
  })
  const text = { stdout: '', stderr: '' }
  options.start?.(child)
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text.stdout += part
    options.during?.(child, text.stdout)
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => (text.stderr += part))
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, ...text })))
}

/** An uncompressed picture of one colour. */
export function bmp(
  width: number,
  height: number,
  [red, green, blue]: readonly [number, number, number],
): Buffer {
  const row = Math.ceil((width * 3) / 4) * 4
  const file = Buffer.alloc(54 + row * height)
  file.write('BM', 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(54, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(width, 18)
  file.writeInt32LE(height, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(24, 28)
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) file.set([blue, green, red], 54 + y * row + 3 * x)
  return file
}
