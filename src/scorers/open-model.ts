import type { Device, ProbedDevice } from '../backend/backend.ts'
import { DeviceError, InputError, ModelError, show } from '../errors.ts'
import type { ModelFolder, OpenOptions } from '../hub/hub.ts'
import { DTYPES, MANIFEST_NAME, parseManifest, type Dtype, type ModelKind, type ModelManifest } from '../models/manifest.ts'
import type { Runtime } from '../runtime.ts'
import type { ScorerOptions } from './scorer-options.ts'

export interface OpenedModel {
  readonly folder: ModelFolder
  readonly manifest: ModelManifest
  /** Path of the manifest's folder within `folder`: empty, or ending in a slash. */
  readonly base: string
  readonly probed: ProbedDevice
  readonly dtype: Dtype
}

/**
 * Finds the model of a kind in a folder: in `ict/` or `hp/` of what `icthp convert` writes, or right there. Settles
 * device and precision, and reads no weights yet.
 */
export async function openModel(kind: ModelKind, source: string, runtime: Runtime, options: ScorerOptions): Promise<OpenedModel> {
  const { device = 'auto', dtype = 'auto', revision, signal, onProgress } = options
  if (typeof source !== 'string' || source === '') {
    throw new InputError('input_invalid_option', `A model is named by a folder, a URL or a hub repository, not by ${show(source)}.`, { source })
  }
  if (dtype !== 'auto' && !DTYPES.includes(dtype)) {
    throw new DeviceError('dtype_unknown', `There is no dtype ${show(dtype)}. Use auto, ${DTYPES.join(', ')}.`, { dtype })
  }
  const probed = await runtime.backend.probe(device)
  const folder = await runtime.hub.open(source, { revision, signal, onProgress } satisfies OpenOptions)
  const { manifest, base } = await findManifest(kind, folder)
  return { folder, manifest, base, probed, dtype: chooseDtype(manifest, dtype, probed.device) }
}

async function findManifest(kind: ModelKind, folder: ModelFolder): Promise<{ manifest: ModelManifest; base: string }> {
  let other: ModelKind | undefined
  for (const base of [`${kind}/`, '']) {
    const text = await folder.readText(base + MANIFEST_NAME)
    if (text === undefined) continue
    const manifest = parseManifest(text, `${folder.source}/${base}${MANIFEST_NAME}`)
    if (manifest.kind === kind) return { manifest, base }
    other = manifest.kind
  }
  const name = kind.toUpperCase()
  if (other) {
    throw new ModelError('model_wrong_kind', `${folder.source} holds the ${other.toUpperCase()} model, not ${name}. Name the folder above it, or a folder with ${kind}/${MANIFEST_NAME}.`, { kind, found: other })
  }
  throw new ModelError(
    'model_not_found',
    `${folder.source} holds no ${name} model: neither ${kind}/${MANIFEST_NAME} nor ${MANIFEST_NAME} is there. ` +
      `Convert a checkpoint with \`npx icthp convert --${kind} DIR --out ${folder.source}\`, or fetch the official ones with \`npx icthp pull\`.`,
    { source: folder.source, kind },
  )
}

/** What is best on each kind of device, first that the folder holds. fp16 on a CPU only adds casts. */
const PREFERRED: Readonly<Record<'cpu' | 'gpu', readonly Dtype[]>> = {
  cpu: ['int8', 'fp32', 'q8', 'q4', 'fp16', 'q4f16'],
  gpu: ['fp16', 'fp32', 'q4f16', 'q8', 'q4'],
}

function chooseDtype(manifest: ModelManifest, dtype: Dtype | 'auto', device: Device): Dtype {
  const towers = Object.values(manifest.towers)
  const held = DTYPES.filter((candidate) => towers.every((tower) => tower[candidate]))
  if (dtype !== 'auto') {
    if (held.includes(dtype)) return dtype
    throw new ModelError('model_dtype_unavailable', `${manifest.name} is here in ${held.join(', ')}, not in ${dtype}. Use one of these, or convert again with \`--dtype ${dtype}\`.`, { dtype, held })
  }
  const preferred = PREFERRED[device === 'cpu' || device === 'wasm' ? 'cpu' : 'gpu'].find((candidate) => held.includes(candidate))
  if (!preferred) throw new ModelError('model_dtype_unavailable', `${manifest.name} holds no precision that runs on ${device}. Convert it with \`--dtype fp32\`.`, { device, held })
  return preferred
}
