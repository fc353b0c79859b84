import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loaderRemedy } from '../../../src/backend/ort-node/loader-remedy.ts'
import { OrtNodeBackend } from '../../../src/backend/ort-node/ort-backend-node.ts'
import { probeApart } from '../../../src/backend/ort-node/probe-apart-node.ts'

let folder: string
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'icthp-loader-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

test.each([
  [
    "/lib/libm.so.6: version `GLIBC_2.27' not found (required by libonnxruntime.so.1)",
    'older than its glibc 2.28',
  ],
  ["/lib/libstdc++.so.6: version `GLIBCXX_3.4.25' not found", 'older than its glibc 2.28'],
  ['Error loading shared library ld-linux-x86-64.so.2: No such file or directory', 'no build for Alpine'],
  ["Cannot find module '../bin/napi-v6/darwin/x64/onnxruntime_binding.node'", 'no build for this system'],
  ['libstdc++.so.6: cannot open shared object file: No such file or directory', 'install libstdc++'],
  [
    '\\\\?\\C:\\onnxruntime_binding.node: The specified module could not be found.',
    'Visual C++ Redistributable',
  ],
  ['/x/onnxruntime_binding.node: invalid ELF header', 'install it again'],
  ['/x/libonnxruntime.so.1: file too short', 'install it again'],
  ['libonnxruntime.so.1: cannot open shared object file: No such file or directory', 'install it again'],
  ['/x/onnxruntime_binding.node is not a valid Win32 application.', 'install it again'],
])('%s', (message, remedy) => {
  expect(loaderRemedy(message)).toContain(remedy)
})

test('a runtime that does not load is an error with its remedy, on every device', async () => {
  const entry = join(folder, 'broken.cjs')
  await writeFile(
    entry,
    `throw new Error("/lib/libc.so.6: version \`GLIBC_2.28' not found\\nRequire stack:")`,
  )
  await expect(probeApart(entry, 'cpu', new AbortController().signal)).rejects.toMatchObject({
    name: 'DeviceError',
    code: 'runtime_unloadable',
    message:
      "onnxruntime-node is installed, but its library does not load (/lib/libc.so.6: version `GLIBC_2.28' not found). " +
      'This Linux is older than its glibc 2.28 and libstdc++: use a newer one (Debian 10, Ubuntu 20.04, RHEL 8 or later).',
  })
})

test('a driver that ends the process that tries it ends no other', async () => {
  const entry = join(folder, 'fatal.cjs')
  await writeFile(entry, 'process.kill(process.pid, "SIGKILL")')
  await expect(probeApart(entry, 'webgpu', new AbortController().signal)).rejects.toThrow(
    /process that tried it ended/,
  )
})

test('a device can be tried in a process of its own', async () => {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node')
  expect(await probeApart(entry, 'cpu', new AbortController().signal)).toBeGreaterThan(0)
})

test('the CPU is tried where that is asked for', async () => {
  const backend = new OrtNodeBackend({ tryCpu: true })
  expect(await backend.probe('cpu')).toEqual({ device: 'cpu', notes: [] })
  await backend.dispose()
})
