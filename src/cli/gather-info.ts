import type { Device, InferenceBackend } from '../backend/backend.ts'
import { NODE_DEVICES } from '../backend/ort-node/ort-devices-node.ts'
import { reason } from '../backend/reason.ts'
import { IcthpError } from '../base/errors.ts'
import { hidePasswords } from '../base/hide-passwords.ts'
import { VERSION } from '../base/version.ts'
import { allKinds, type OfficialKind, type RewardKind } from '../models/kinds.ts'
import { type Dtype, heldDtypes, type ModelOrigin } from '../models/manifest.ts'
import type { MeasuredPrecision } from '../models/measured.ts'
import type { Runtime } from '../runtime.ts'
import type { CliIo } from './cli-io.ts'
import { dtypeBytes } from './commands/convert.ts'
import type { ModelFlags } from './options/common-options.ts'
import { inFlags } from './options/in-flags.ts'

export interface Info {
  readonly versions: {
    readonly icthp: string
    readonly node: string
    readonly platform: string
    /** `null` where it is not installed. */
    readonly onnxruntime: string | null
    readonly sharp: string | null
  }
  readonly devices: readonly DeviceInfo[]
  readonly model: FoundModels & {
    readonly source: string
    /** What `--device` (default auto) leads to; `null` where it leads nowhere. */
    readonly device: Device | null
    readonly notes: readonly string[]
  }
}

/** Other models stand under their names. */
type FoundModels = Readonly<Record<OfficialKind, ModelInfo | Missing>>

interface DeviceInfo {
  readonly device: string
  readonly available: boolean
  /** Why it is not available, and what it would need. */
  readonly reason?: string
  readonly needs?: string
}

export interface ModelInfo {
  readonly name: string
  /** The precision that would run, and all that are there. */
  readonly dtype: Dtype
  readonly dtypes: readonly Dtype[]
  /** Of its towers in that precision. */
  readonly bytes: number
  readonly origin: Omit<ModelOrigin, 'files'>
  /** The version of icthp that converted it. */
  readonly library: string
  /** What `icthp verify` measured of the precision that would run. */
  readonly measured?: MeasuredPrecision
}

export interface Missing {
  readonly error: { readonly code: string; readonly message: string }
}

/** Looks what there is: probes every device, reads the manifests, loads no weights. */
export async function gatherInfo({ services, env, signal }: CliIo, flags: ModelFlags): Promise<Info> {
  const { source, notes } =
    flags.model === undefined ? await services.defaultModel(env) : { source: flags.model, notes: [] }
  const [onnxruntime = null, sharp = null] = await Promise.all(
    ['onnxruntime-node', 'sharp'].map(services.packageVersion),
  )
  const backend = await services.backend({ tryCpu: true }).catch(unavailable)
  try {
    const devices: DeviceInfo[] = []
    for (const [device, needs] of Object.entries(NODE_DEVICES)) {
      signal.throwIfAborted()
      devices.push(await probe(backend, device as Device, needs))
    }
    const probed = await backend.probe(flags.device ?? 'auto').catch(() => undefined)
    // No image is read here, so a decoder is not needed.
    const runtime = { backend, hub: await services.hub() } as Runtime
    return {
      versions: {
        icthp: VERSION,
        node: process.versions.node,
        platform: `${process.platform} ${process.arch}`,
        onnxruntime,
        sharp,
      },
      devices,
      model: {
        source: hidePasswords(source),
        device: probed?.device ?? null,
        notes: [...notes, ...(probed?.notes ?? [])],
        ...(await findModels(source, runtime, flags, signal)),
      },
    }
  } finally {
    await backend.dispose()
  }
}

async function probe(backend: InferenceBackend, device: Device, needs: string): Promise<DeviceInfo> {
  try {
    await backend.probe(device)
    return { device, available: true }
  } catch (error) {
    // What the runtime itself lacks comes with its remedy.
    const whole = error instanceof IcthpError && error.code === 'runtime_unloadable'
    const why = whole ? error.message.replace(/\.$/, '') : reason((error as Error).cause ?? error)
    return { device, available: false, reason: why, needs }
  }
}

/** Each model's findings, under its name. */
async function findModels(
  source: string,
  runtime: Runtime,
  flags: ModelFlags,
  signal: AbortSignal,
): Promise<FoundModels> {
  const found: Record<string, ModelInfo | Missing> = {}
  for (const kind of allKinds()) found[kind.name] = await findModel(kind, source, runtime, flags, signal)
  return found as unknown as FoundModels
}

async function findModel(
  kind: RewardKind,
  source: string,
  runtime: Runtime,
  { device, dtype, revision }: ModelFlags,
  signal: AbortSignal,
): Promise<ModelInfo | Missing> {
  const { openModel } = await import('../scorers/load/open-model.ts')
  try {
    const { manifest, choices } = await openModel(kind, source, runtime, {
      device,
      dtype,
      revision,
      signal,
    })
    const chosen = choices[0]!.dtype
    const { files: _files, ...origin } = manifest.source
    return {
      name: manifest.name,
      dtype: chosen,
      dtypes: heldDtypes(manifest),
      bytes: dtypeBytes(manifest, chosen),
      origin,
      library: manifest.library,
      ...(manifest.measured?.[chosen] ? { measured: manifest.measured[chosen] } : {}),
    }
  } catch (error) {
    if (signal.aborted) throw error
    return {
      error: {
        code: error instanceof IcthpError ? error.code : 'unknown',
        message: hidePasswords(inFlags((error as Error).message)),
      },
    }
  }
}

/** Stands in where the runtime is not installed: every device then says so. */
function unavailable(error: unknown): InferenceBackend {
  const refuse = (): Promise<never> => Promise.reject(error)
  return { name: 'none', probe: refuse, load: refuse, dispose: async () => {} }
}
