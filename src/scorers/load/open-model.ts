import type { Device } from '../../backend/backend.ts'
import { isCpu } from '../../backend/devices.ts'
import { DeviceError, InputError, ModelError, show } from '../../base/errors.ts'
import { abortable } from '../../base/waiting/abortable.ts'
import type { ModelFolder, OpenOptions } from '../../hub/hub.ts'
import type { RewardKind } from '../../models/kinds.ts'
import { kindNamed } from '../../models/kinds.ts'
import {
  type Dtype,
  DTYPES,
  heldDtypes,
  MANIFEST_NAME,
  type ModelManifest,
  parseManifest,
} from '../../models/manifest.ts'
import type { Runtime } from '../../runtime.ts'
import { checkNumbers, type ScorerOptions } from '../scorer-options.ts'

export interface OpenedModel {
  readonly folder: ModelFolder
  readonly manifest: ModelManifest
  /** Path of the manifest's folder within `folder`: empty, or ending in a slash. */
  readonly base: string
  /** What to load, best first; more than one where the user left the choice. */
  readonly choices: readonly Choice[]
  /** What probing the devices said. */
  readonly notes: readonly string[]
}

export interface Choice {
  readonly device: Device
  readonly dtype: Dtype
}

/**
 * Finds the model of a kind in a folder: in the folder of its name (`ict/`, `hp/`) within what `icthp convert` writes, or
 * right there. Settles which devices and precisions may be tried, and reads no weights yet. Throws `ModelError`, `DeviceError`,
 * `DownloadError`, `InputError`.
 */
export async function openModel(
  kind: RewardKind,
  source: string,
  runtime: Runtime,
  options: ScorerOptions,
): Promise<OpenedModel> {
  const { device = 'auto', dtype = 'auto', revision, signal, onProgress } = options
  if (typeof source !== 'string' || source === '') {
    throw new InputError(
      'input_invalid_option',
      `A model is named by a folder, a URL or a hub repository, not by ${show(source)}.`,
      { source },
    )
  }
  if (dtype !== 'auto' && !DTYPES.includes(dtype)) {
    throw new DeviceError(
      'dtype_unknown',
      `There is no dtype ${show(dtype)}. Use auto, ${DTYPES.join(', ')}.`,
      { dtype },
    )
  }
  // Before minutes of loading, not after.
  checkNumbers(options)
  checkRuntime(runtime)
  const probed = await abortable(runtime.backend.probe(device), signal)
  const folder = await runtime.hub.open(source, { revision, signal, onProgress } satisfies OpenOptions)
  const { manifest, base } = await findManifest(kind, folder)
  // What auto took may still turn out to compute nonsense; the CPU stays in reserve.
  const devices: Device[] =
    device === 'auto' && !isCpu(probed.device) && probed.device !== 'remote'
      ? [probed.device, probed.fallback ?? 'cpu']
      : [probed.device]
  return {
    folder,
    manifest,
    base,
    choices: devices.flatMap((candidate) => choicesOn(manifest, dtype, candidate)),
    notes: [
      ...probed.notes,
      ...(revision !== undefined && folder.revision === undefined
        ? [
            `revision ${show(revision)} is not used: the model comes from ${folder.source}, which is no hub repository`,
          ]
        : []),
    ],
  }
}

/** What each part of a runtime must be able to. */
const ABLE = { backend: 'probe', hub: 'open' } as const

function checkRuntime(runtime: Runtime): void {
  for (const [part, method] of Object.entries(ABLE)) {
    const given: unknown = runtime[part as keyof typeof ABLE]
    if (given === undefined || typeof (given as Record<string, unknown> | null)?.[method] === 'function')
      continue
    throw new InputError('input_invalid_option', `${part} has no ${method}(); it is ${show(given)}.`, {
      part,
    })
  }
}

/** Reads the manifest of a kind, in a folder of it or right there. Throws `ModelError`. */
export async function findManifest(
  kind: RewardKind,
  folder: ModelFolder,
): Promise<{ manifest: ModelManifest; base: string }> {
  let other: RewardKind | undefined
  for (const base of [`${kind.name}/`, '']) {
    const text = await folder.readText(base + MANIFEST_NAME)
    if (text === undefined) continue
    const manifest = parseManifest(text, `${folder.source}/${base}${MANIFEST_NAME}`)
    if (manifest.kind === kind.name) return { manifest, base }
    other = kindNamed(manifest.kind)
  }
  const { name, label } = kind
  if (other) {
    throw new ModelError(
      'model_wrong_kind',
      `${folder.source} holds the ${other.label} model, not ${label}. Name the folder above it, or a folder with ` +
        `${name}/${MANIFEST_NAME}.`,
      { kind: name, found: other.name },
    )
  }
  throw new ModelError(
    'model_not_found',
    `${folder.source} holds no ${label} model: neither ${name}/${MANIFEST_NAME} nor ${MANIFEST_NAME} is there. ` +
      `Convert a checkpoint with \`npx icthp convert --${name} DIR --out ${folder.source}\`, or fetch the official ones ` +
      'with `npx icthp pull`.',
    { source: folder.source, kind: name },
  )
}

/**
 * What is best on each sort of device, first that the folder holds. fp16 on a CPU only adds casts. Of what a server runs
 * the precision is not known: the self-test says how near it comes, and what it asks of 4 bits would let other models by.
 */
const PREFERRED: Readonly<Record<'cpu' | 'gpu' | 'remote', readonly Dtype[]>> = {
  remote: ['fp32', 'fp16', 'q8', 'int8'],
  cpu: ['int8', 'fp32', 'q8', 'q4', 'fp16', 'q4f16'],
  gpu: ['fp16', 'fp32', 'q4f16', 'q8', 'q4'],
}

function sortOf(device: Device): 'cpu' | 'gpu' | 'remote' {
  if (device === 'remote') return device
  return isCpu(device) ? 'cpu' : 'gpu'
}

function choicesOn(manifest: ModelManifest, dtype: Dtype | 'auto', device: Device): Choice[] {
  const held = heldDtypes(manifest)
  if (dtype !== 'auto') {
    if (held.includes(dtype)) return [{ device, dtype }]
    throw new ModelError(
      'model_dtype_unavailable',
      `${manifest.name} is here in ${held.join(', ')}, not in ${dtype}. Use one of these, or convert again with ` +
        `\`--dtype ${dtype}\`.`,
      { dtype, held },
    )
  }
  const preferred = PREFERRED[sortOf(device)].filter((candidate) => held.includes(candidate))
  if (preferred.length === 0) {
    throw new ModelError(
      'model_dtype_unavailable',
      `${manifest.name} holds no precision that runs on ${device}. Convert it with \`--dtype fp32\`.`,
      { device, held },
    )
  }
  return preferred.map((candidate) => ({ device, dtype: candidate }))
}
