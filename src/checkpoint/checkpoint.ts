import { checkObject } from '../base/check-object.ts'
import { InputError, show } from '../base/errors.ts'
import type { OnProgress } from '../base/progress.ts'
import { unreadable } from './checkpoint-error.ts'
import { DataFile } from './data-file.ts'
import { foreignFile } from './foreign/foreign-file.ts'
import { type CheckpointPlace, locateCheckpoint } from './locate-checkpoint.ts'
import { readSafetensors } from './safetensors/safetensors.ts'
import { type CheckpointTensor, StoredTensor, type TensorLayout } from './tensors/stored-tensor.ts'
import { isTorchLegacy, readTorchLegacy } from './torch/torch-legacy.ts'
import type { FileState, Scalar } from './torch/torch-state.ts'
import { readTorchZip } from './torch/torch-zip.ts'
import type { SetChoice } from './weight-sets.ts'

export type { CheckpointTensor } from './tensors/stored-tensor.ts'
export type { TensorDtype } from './tensors/tensor-dtype.ts'

type CheckpointFormat = 'torch-zip' | 'torch-legacy' | 'safetensors'

/**
 * A checkpoint: named tensors in one file or several, of which only the directory is in memory. Nothing in it is
 * executed. Close it when done.
 */
export interface Checkpoint {
  /** What was opened: a file, or the index of shards. */
  readonly path: string
  readonly format: CheckpointFormat
  /** Every file that holds data. */
  readonly files: readonly string[]
  /** By name, with {@link wrapper} taken off. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>
  /** What was taken off every name, such as `state_dict.module.`; empty where names are as saved. */
  readonly wrapper: string
  /** Entries that are not tensors (epoch, optimizer, …), named from the top. */
  readonly skipped: readonly string[]
  /** Of those, the numbers, strings and booleans. */
  readonly scalars: ReadonlyMap<string, Scalar>
  /** Weight files in the same folder that were not taken. */
  readonly others: readonly string[]
  /**
   * Holds the bytes of the named tensors (default: all) against the archive's CRC-32s. What has been read from start to
   * end is verified already and not read again. Resolves to whether the container has checksums: torch zips do, legacy
   * files and safetensors do not. Throws `CheckpointError` `checkpoint_unreadable` where one is wrong.
   */
  verify(options?: VerifyOptions): Promise<boolean>
  /** Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

interface VerifyOptions {
  readonly names?: Iterable<string> | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

export interface CheckpointOptions extends SetChoice {
  /** Hold what is read in order against the archive's checksums; default true (about 3 GB/s, while the next part is read). */
  readonly checkCrc?: boolean | undefined
  /** Names of files that go before the usual ones, where a folder is opened. */
  readonly preferred?: readonly string[] | undefined
  /** Of names that a folder's weights never have, such as those of another part beside them. */
  readonly avoided?: readonly string[] | undefined
  /** Leave names as the file has them; default: what `module.`, `model.` and the like put before all is taken off. */
  readonly asSaved?: boolean | undefined
}

/** What data-parallel training, torch.compile and wrapping modules put before every name. */
const PREFIXES = ['module.', '_orig_mod.', 'model.', 'clip_model.', 'clip.', 'backbone.', 'state_dict.']

/**
 * Opens a checkpoint: a torch.save file (zip, or legacy before 1.6), safetensors, a `*.index.json` of shards, or a
 * folder with one of them. Throws `CheckpointError`: `checkpoint_not_found`, `checkpoint_unreadable`,
 * `checkpoint_truncated`, or `checkpoint_unsafe` where a pickle asks for more than tensors.
 */
export async function openCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
  checkObject(options, 'openCheckpoint')
  if (typeof path !== 'string')
    throw new InputError('input_invalid_option', `A checkpoint is named by its path, not by ${show(path)}.`)
  const place = await locateCheckpoint(path, options)
  const files: DataFile[] = []
  try {
    const states: { path: string; format: CheckpointFormat; state: FileState }[] = []
    for (const name of place.files) {
      const file = await DataFile.open(name)
      files.push(file)
      states.push({ path: name, ...(await readState(file, options)) })
    }
    const [first] = states
    const other = states.find(
      ({ state, format }) => state.wrapper !== first!.state.wrapper || format !== first!.format,
    )
    if (other) throw unreadable(other.path, `it is not the same kind of file as ${first!.path}.`)
    const layouts = mergeShards(place, states)
    const prefix = options.asSaved ? '' : commonPrefix([...layouts.keys()])
    const tensors = new Map<string, StoredTensor>()
    for (const [name, layout] of layouts) {
      const bare = name.slice(prefix.length)
      tensors.set(bare, new StoredTensor(bare, layout))
    }
    return new OpenCheckpoint(
      place,
      files,
      first!.format,
      tensors,
      first!.state.wrapper + prefix,
      states.map(({ state }) => state),
    )
  } catch (error) {
    await Promise.all(files.map((file) => file.close()))
    throw error
  }
}

class OpenCheckpoint implements Checkpoint {
  readonly path: string
  readonly format: CheckpointFormat
  readonly files: readonly string[]
  readonly others: readonly string[]
  readonly tensors: ReadonlyMap<string, StoredTensor>
  readonly wrapper: string
  readonly skipped: readonly string[]
  readonly scalars: ReadonlyMap<string, Scalar>
  readonly #open: readonly DataFile[]

  constructor(
    place: CheckpointPlace,
    open: readonly DataFile[],
    format: CheckpointFormat,
    tensors: ReadonlyMap<string, StoredTensor>,
    wrapper: string,
    states: readonly FileState[],
  ) {
    this.path = place.path
    this.files = place.files
    this.others = place.others
    this.format = format
    this.tensors = tensors
    this.wrapper = wrapper
    this.skipped = [...new Set(states.flatMap((state) => state.skipped))]
    this.scalars = new Map(states.flatMap((state) => [...state.scalars]))
    this.#open = open
  }

  async verify({ names = this.tensors.keys(), signal, onProgress }: VerifyOptions = {}): Promise<boolean> {
    const runs = [...new Set(Array.from(names, (name) => this.#tensor(name).layout.bytes))]
    const pending = runs.filter((bytes) => !bytes.verified)
    const total = pending.reduce((sum, bytes) => sum + bytes.length, 0)
    let loaded = 0
    for (const bytes of pending) {
      await bytes.verify((count) => {
        signal?.throwIfAborted()
        loaded += count
        onProgress?.({ stage: 'verify', item: this.path, loaded, total, unit: 'bytes' })
      })
    }
    return runs.some((bytes) => bytes.checked)
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((file) => file.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #tensor(name: string): StoredTensor {
    const tensor = this.tensors.get(name)
    if (!tensor)
      throw new InputError('input_invalid_option', `${this.path} has no tensor ${name}.`, {
        path: this.path,
        tensor: name,
      })
    return tensor
  }
}

async function readState(
  file: DataFile,
  { checkCrc = true, ...choice }: CheckpointOptions,
): Promise<{ format: CheckpointFormat; state: FileState }> {
  const head = await file.bytes(0, 512)
  if (head.length > 4 && head.readUInt32LE(0) === 0x04034b50)
    return { format: 'torch-zip', state: await readTorchZip(file, checkCrc, choice) }
  if (isTorchLegacy(head)) return { format: 'torch-legacy', state: await readTorchLegacy(file, choice) }
  // An 8-byte length, then JSON; the header's length leaves the upper bytes 0.
  if (head.length > 8 && head.readUInt16LE(6) === 0 && /^[ \t\r\n]*\{/.test(head.toString('latin1', 8)))
    return { format: 'safetensors', state: await readSafetensors(file) }
  throw foreignFile(file, head)
}

function mergeShards(
  place: CheckpointPlace,
  states: readonly { path: string; state: FileState }[],
): Map<string, TensorLayout> {
  const layouts = new Map<string, TensorLayout>()
  const home = new Map<string, string>()
  for (const { path, state } of states) {
    for (const [name, layout] of state.tensors) {
      if (layouts.has(name))
        throw unreadable(place.path, `${name} is in two of its files, ${home.get(name)} and ${path}.`, {
          tensor: name,
        })
      layouts.set(name, layout)
      home.set(name, path)
    }
  }
  for (const [name, path] of place.weightMap ?? []) {
    if (home.get(name) !== path) {
      throw unreadable(
        place.path,
        `the index says that ${name} is in ${path}; it is not. Index and files belong to different checkpoints.`,
        { tensor: name, file: path },
      )
    }
  }
  return layouts
}

/** The known prefixes that every name has, one after the other. */
function commonPrefix(names: readonly string[]): string {
  let prefix = ''
  for (;;) {
    const next = PREFIXES.find((known) =>
      names.every(
        (name) => name.startsWith(known, prefix.length) && name.length > prefix.length + known.length,
      ),
    )
    if (next === undefined || names.length === 0) return prefix
    prefix += next
  }
}
