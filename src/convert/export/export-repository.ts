import { copyFile, link, mkdtemp, realpath, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { checkObject } from '../../base/check-object.ts'
import { InputError, ModelError, show } from '../../base/errors.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import type { OnProgress } from '../../base/progress.ts'
import type { ModelFolder, ModelHub } from '../../hub/hub.ts'
import { createNodeHub } from '../../hub/hub-node.ts'
import { allKinds, type RewardKind, type TowerName, towersOf } from '../../models/kinds.ts'
import { type Dtype, heldDtypes, type ModelManifest, type TowerFiles } from '../../models/manifest.ts'
import { findManifest } from '../../scorers/load/open-model.ts'
import { asOutputError } from '../write/output-error.ts'
import { checkFree, checkTarget } from './export-checks.ts'
import type { ExportedFile, ExportedTower, ExportReport } from './export-report.ts'
import type { ExportTarget } from './export-targets.ts'
import { towerTensors } from './tower-tensors.ts'
import { tritonConfig } from './triton-config.ts'

export interface ExportOptions {
  /** A folder that `icthp convert` wrote, its URL, or a hub repository. */
  readonly model: string
  readonly revision?: string | undefined
  /** Which server it is for: Triton, or OpenVINO Model Server. */
  readonly to: ExportTarget
  /** The model repository. It may hold other models; nothing in it is overwritten. */
  readonly out: string
  /** Default `auto`: fp32, else the first that the model holds. */
  readonly dtype?: Dtype | 'auto' | undefined
  /** Default local folders, URLs and the Hugging Face hub with its cache. */
  readonly hub?: ModelHub | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: OnProgress | undefined
}

/**
 * Writes the towers of a model as the repository of another server, ready to start. Files are checked, and linked where
 * the disk allows it. Nothing is overwritten, and where it fails nothing is left.
 *
 * Throws `OutputError` (`output_not_ours` where something is in the way, `output_failed`, `output_no_space`), `ModelError`,
 * `InputError`, `DeviceError` `dtype_unknown`, `DownloadError`.
 */
export async function exportRepository(options: ExportOptions): Promise<ExportReport> {
  checkObject(options, 'exportRepository')
  for (const name of ['model', 'out'] as const) {
    if (typeof options[name] === 'string' && options[name] !== '') continue
    throw new InputError(
      'input_invalid_option',
      `${name} of exportRepository is ${show(options[name])}. Pass the path of a folder.`,
      { name },
    )
  }
  const { model, revision, to, dtype = 'auto', hub = createNodeHub(), signal, onProgress } = options
  checkTarget(to, dtype)
  const out = resolve(options.out)
  const folder = await hub.open(model, { revision, signal, onProgress })
  const towers = (await modelsIn(folder)).flatMap((found) =>
    towersOfModel(found, chooseDtype(found.manifest, dtype)),
  )
  const configs = to === 'ovms' ? { 'config.json': ovmsConfig(towers) } : {}
  const names = [...towers.map(({ name }) => name), ...Object.keys(configs)]
  await checkFree(out, names)
  const letGo = folder.hold?.()
  let scratch: string | undefined
  let made: string | undefined
  const moved: string[] = []
  try {
    made = await makeFolder(out)
    scratch = await mkdtemp(join(out, '.icthp-export-'))
    const exported: ExportedTower[] = []
    for (const tower of towers)
      exported.push(await writeTower(tower, { to, scratch, folder, signal, onProgress }))
    // All is there before any of it is seen.
    for (const { name } of towers) {
      await rename(join(scratch, name), join(out, name))
      moved.push(join(out, name))
    }
    for (const [name, text] of Object.entries(configs)) {
      await writeFile(join(out, name), text, { flag: 'wx' })
      moved.push(join(out, name))
    }
    return { to, out, towers: exported, files: Object.keys(configs) }
  } catch (error) {
    for (const left of [...moved, scratch]) if (left) await rm(left, { recursive: true, force: true })
    if (made !== undefined) await removeEmpty(out, dirname(made))
    if (signal?.aborted) throw signal.reason
    throw asOutputError(error, out)
  } finally {
    letGo?.()
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true })
  }
}

/** Folders that were made and hold nothing, from `folder` up to below `end`: another run may write there, too. */
async function removeEmpty(folder: string, end: string): Promise<void> {
  for (let at = folder; at !== end; at = dirname(at)) {
    const isEmpty = await rmdir(at).then(
      () => true,
      () => false,
    )
    if (!isEmpty) return
  }
}

interface FoundModel {
  readonly kind: RewardKind
  readonly manifest: ModelManifest
  readonly base: string
}

/** Every reward model of a folder; at least one. */
async function modelsIn(folder: ModelFolder): Promise<FoundModel[]> {
  const found: FoundModel[] = []
  let missing: unknown
  for (const kind of allKinds()) {
    try {
      found.push({ kind, ...(await findManifest(kind, folder)) })
    } catch (error) {
      const elsewhere =
        error instanceof ModelError && ['model_not_found', 'model_wrong_kind'].includes(error.code)
      if (!elsewhere) throw error
      missing ??= error
    }
  }
  if (found.length === 0) throw missing
  return found
}

function chooseDtype(manifest: ModelManifest, asked: Dtype | 'auto'): Dtype {
  const held = heldDtypes(manifest)
  const dtype = asked === 'auto' ? held[0] : asked
  if (dtype !== undefined && held.includes(dtype)) return dtype
  throw new ModelError(
    'model_dtype_unavailable',
    `${manifest.name} is here in ${held.join(', ') || 'nothing'}, not in ${asked}. Use one of these, or convert again with ` +
      `\`--dtype ${asked === 'auto' ? 'fp32' : asked}\`.`,
    { dtype: asked, held },
  )
}

interface TowerToWrite extends FoundModel {
  readonly name: string
  readonly tower: TowerName
  readonly dtype: Dtype
  readonly files: TowerFiles
}

const towersOfModel = (model: FoundModel, dtype: Dtype): TowerToWrite[] =>
  towersOf(model.kind).map((tower) => ({
    ...model,
    tower,
    dtype,
    name: `${model.kind.name}_${tower}`,
    files: model.manifest.towers[tower]![dtype]!,
  }))

interface Place extends Pick<ExportOptions, 'to' | 'signal' | 'onProgress'> {
  readonly scratch: string
  readonly folder: ModelFolder
}

async function writeTower(
  { name, kind, tower, dtype, files, manifest, base }: TowerToWrite,
  { to, scratch, folder, signal, onProgress }: Place,
): Promise<ExportedTower> {
  // Triton takes a model in several files as a folder that is called as its one file would be.
  const version = to === 'triton' ? `${name}/1/model.onnx` : `${name}/1`
  await makeFolder(join(scratch, version))
  const written: ExportedFile[] = []
  for (const path of [files.model, ...files.externalData]) {
    signal?.throwIfAborted()
    const file = await folder.file(base + path, manifest.files[path]!, { signal, onProgress })
    await file.checked
    if (!('path' in file)) throw new TypeError('a model folder of Node gives paths')
    // The graph refers to its data by name.
    const place = `${version}/${path === files.model ? 'model.onnx' : basename(path)}`
    const linked = await linkOrCopy(file.path, join(scratch, place))
    written.push({ path: place, bytes: manifest.files[path]!.size, linked })
  }
  if (to === 'triton') {
    const text = tritonConfig(name, towerTensors(kind, tower, manifest))
    await writeFile(join(scratch, name, 'config.pbtxt'), text)
    written.push({ path: `${name}/config.pbtxt`, bytes: Buffer.byteLength(text), linked: false })
  }
  return { name, dtype, files: written }
}

/** A file of the Hugging Face cache is a link itself; what it leads to is linked. */
async function linkOrCopy(from: string, to: string): Promise<boolean> {
  const file = await realpath(from)
  try {
    await link(file, to)
    return true
  } catch {
    // Another disk, or one without links; what is wrong otherwise, copying says too.
    await copyFile(file, to)
    return false
  }
}

/** Paths in it are relative to where it lies, so that the repository may be mounted anywhere. */
function ovmsConfig(towers: readonly TowerToWrite[]): string {
  const models = towers.map(({ name }) => ({ config: { name, base_path: name } }))
  return `${JSON.stringify({ model_config_list: models }, null, 2)}\n`
}
