import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DEVICES, type FileSource, type InferenceBackend, type Tensors } from '../../src/backend/backend.ts'
import { type OrtApi, runOrtSession } from '../../src/backend/run-ort-session.ts'
import { BackendError, DeviceError, InputError } from '../../src/base/errors.ts'
import { abortable } from '../../src/base/waiting/abortable.ts'

/** The smallest right backend, on the calling thread: tests break parts of it to see the suite notice. */
export function plainOrtBackend(): InferenceBackend {
  const ort = createRequire(import.meta.url)('onnxruntime-node') as OrtApi
  const failed = (cause: unknown): BackendError =>
    new BackendError('backend_failed', String(cause), { cause })
  return {
    name: 'plain',
    probe: async (device) => {
      if (device === 'auto' || device === 'cpu') return { device: 'cpu', notes: [] }
      throw new DeviceError(DEVICES.includes(device) ? 'device_unavailable' : 'device_unknown', device)
    },
    load: async (model, { signal }) => {
      signal?.throwIfAborted()
      const { graph } = await model.files()
      const session = await ort.InferenceSession.create((graph as { path: string }).path).catch((cause) =>
        Promise.reject(failed(cause)),
      )
      let disposed: Promise<void> | undefined
      let queue: Promise<unknown> = Promise.resolve()
      return {
        run: async (inputs, { signal } = {}) => {
          if (disposed) throw new InputError('input_disposed', 'disposed')
          signal?.throwIfAborted()
          const running = runOrtSession(ort, session, inputs).catch((cause) =>
            Promise.reject(failed(cause)),
          ) as Promise<Tensors>
          queue = Promise.allSettled([queue, running])
          return abortable(running, signal)
        },
        dispose: () => (disposed ??= queue.then(() => session.release())),
      }
    },
    dispose: async () => {},
  }
}

/** `place` for backends that read from disk, and its end. */
export async function placeOnDisk(): Promise<{
  place: (bytes: Uint8Array, name: string) => Promise<FileSource>
  remove: () => Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'icthp-conformance-'))
  return {
    place: async (bytes, name) => {
      const path = join(folder, name)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, bytes)
      return { path }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
