import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { type IcthpError, ModelError, show } from '../base/errors.ts'
import type { FileDigest } from '../hub/hub.ts'
import type { PreprocessConfig } from '../image/preprocess.ts'
import { type Dtype, DTYPES } from './dtype.ts'
import { isKind, kindNamed, type ModelKind, type TowerName, towersOf } from './kinds.ts'
import { type MeasuredPrecision, readableMeasurements } from './measured.ts'

export { type Dtype, DTYPE_SUFFIX, DTYPES } from './dtype.ts'

/** The file in a model folder that says what is in it. */
export const MANIFEST_NAME = 'icthp.json'
/** Raised when a reader of the old number could misread the new one. */
export const MANIFEST_FORMAT = 1

/** `icthp.json`: one converted model, with its head where it has one. Paths are relative to the folder it lies in. */
export interface ModelManifest {
  readonly format: number
  readonly kind: ModelKind
  /** What results are labelled with, for example `8y/ICT`. */
  readonly name: string
  /** The version of icthp that wrote it. */
  readonly library: string
  readonly source: ModelOrigin
  readonly preprocess: PreprocessConfig
  /** Length of an embedding. */
  readonly projectionDim: number
  /** Tokens a prompt may have, with start and end; for models that take one. */
  readonly contextLength?: number
  readonly towers: Partial<Record<TowerName, Partial<Record<Dtype, TowerFiles>>>>
  /** The first values of what each float32 tower answers to the self-test; see self-test.ts. */
  readonly selfTest: Partial<Record<TowerName, readonly number[]>>
  /** Size and sha256 of every other file in the folder, by path. */
  readonly files: Readonly<Record<string, FileDigest>>
  /** How int8 was made: on whose data, and what was measured and decided layer by layer. */
  readonly calibration?: { readonly data: string } & Partial<Record<TowerName, readonly CalibratedLayer[]>>
  /** What `icthp verify` measured, by precision. */
  readonly measured?: Partial<Record<Dtype, MeasuredPrecision>>
  /**
   * sha256 of all other fields but `measured`, as JSON without white space: a manifest that was edited would score
   * otherwise in silence.
   */
  readonly checksum?: string
}

export interface CalibratedLayer {
  readonly layer: number
  /** Root mean square error of the int8 layer's output, as a share of what the layer adds to its input. */
  readonly error: number
  /** Matrices that stay in float32: of qkv, out, fc1, fc2. */
  readonly keep: readonly string[]
}

/** Where the weights came from. */
export interface ModelOrigin {
  /** Hub repository, where known. */
  readonly repository?: string
  readonly revision?: string
  readonly license?: string
  /** The checkpoint files that were read; their sha256 where it was known, as it is of the official ones. */
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256?: string }[]
}

export interface TowerFiles {
  readonly model: string
  readonly externalData: readonly string[]
}

/** A manifest with its checksum, as it is written. */
export function sealManifest({ checksum: _, ...manifest }: ModelManifest): ModelManifest {
  return { ...manifest, checksum: checksumOf(manifest) }
}

const checksumOf = ({ measured: _, ...fields }: Partial<ModelManifest>): string =>
  bytesToHex(sha256(utf8ToBytes(JSON.stringify(fields))))

/** Reads a manifest strictly. Throws `ModelError` (`model_invalid_manifest`, `model_newer_version`). */
export function parseManifest(text: string, where: string): ModelManifest {
  let value: Partial<ModelManifest>
  try {
    value = JSON.parse(text) as Partial<ModelManifest>
  } catch (cause) {
    throw invalid(where, 'it is not JSON', cause)
  }
  if (typeof value !== 'object' || value === null) throw invalid(where, 'it is not an object')
  if (typeof value.format !== 'number') throw invalid(where, 'it has no format number')
  if (value.format > MANIFEST_FORMAT) {
    throw new ModelError(
      'model_newer_version',
      `${where} has format ${value.format}, written by icthp ${show(value.library)}; this version reads up to ` +
        `${MANIFEST_FORMAT}. Update icthp, or convert the checkpoint again with this version.`,
      { format: value.format, supported: MANIFEST_FORMAT },
    )
  }
  const { checksum, ...fields } = value
  if (checksum !== checksumOf(fields)) {
    const what = checksum === undefined ? 'has none' : 'is another'
    throw invalid(where, `it was changed after it was written (its checksum ${what})`)
  }
  const { kind, towers, files, preprocess, source } = value
  if (!isKind(kind)) throw invalid(where, `its kind is ${show(kind)}`)
  if (!towers || !towersOf(kindNamed(kind)).every((name) => towers[name]))
    throw invalid(where, 'a tower is missing')
  if (!files || !preprocess || !source || !Array.isArray(source.files) || !value.selfTest)
    throw invalid(where, 'fields are missing')
  if (!(Number.isInteger(value.projectionDim) && value.projectionDim! > 0))
    throw invalid(where, 'projectionDim is missing')
  for (const tower of Object.values(towers).flatMap((precisions) => Object.values(precisions))) {
    if (typeof tower?.model !== 'string' || !Array.isArray(tower.externalData))
      throw invalid(where, 'a tower has no files')
    for (const path of [tower.model, ...tower.externalData]) {
      if (!files[path]) throw invalid(where, `${show(path)} is not in its list of files`)
    }
  }
  for (const [path, digest] of Object.entries(files)) {
    if (path.startsWith('/') || path.split('/').includes('..'))
      throw invalid(where, `${show(path)} leaves the folder`)
    if (!(digest?.size >= 0) || !/^[0-9a-f]{64}$/.test(digest.sha256))
      throw invalid(where, `${path} has no size or sha256`)
  }
  const { measured, ...manifest } = value as ModelManifest
  return measured === undefined ? manifest : { ...manifest, measured: readableMeasurements(measured) }
}

/** Precisions that every tower of a model is there in. */
export function heldDtypes({ towers }: ModelManifest): Dtype[] {
  const all = Object.values(towers)
  return DTYPES.filter((dtype) => all.every((tower) => tower[dtype]))
}

function invalid(where: string, why: string, cause?: unknown): IcthpError {
  return new ModelError(
    'model_invalid_manifest',
    `${where} is not a manifest of icthp: ${why}. Convert the checkpoint again.`,
    {
      where,
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
