import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, realpath, rename, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { OutputError } from '../../base/errors.ts'
import { isFolder } from '../../base/files/is-folder-node.ts'
import { makeFolder } from '../../base/files/make-folder-node.ts'
import { lockFile } from '../../hub/files/file-lock-node.ts'
import { MANIFEST_NAME } from '../../models/manifest.ts'
import { filesIn, filesOfModel, LITTER, MARK, removeFiles, removeModel } from './model-files.ts'
import { asOutputError } from './output-error.ts'

/** What a folder that is being written holds. */
const WRITTEN =
  /^(onnx\/((vision|text)_model\w*\.onnx(_data\w*)?|segment-\d+\.onnx)|scratch\/.*|(config|preprocessor_config|tokenizer|tokenizer_config|icthp)\.json|\.icthp-mark)$/
/**
 * Where one model goes, and how it gets there without harm: it is written beside its place, moved in when it is whole, and
 * nothing that icthp did not write is ever removed. A lock beside it says that what an earlier run left is nobody's now.
 */
export class ModelPlace {
  private constructor(
    /** The model's folder. */
    readonly place: string,
    /** Where to write until the model is whole. */
    readonly partial: string,
    private readonly release: () => Promise<void>,
  ) {}

  /**
   * Makes room beside `place`, and puts right what a run that was killed has left.
   * Throws `OutputError` where something else than a model of icthp is there, or nothing can be written.
   */
  static async open(place: string, signal?: AbortSignal): Promise<ModelPlace> {
    try {
      // Where a link leads is replaced, not the link.
      const real = await realpath(place).catch(() => resolve(place))
      await makeFolder(dirname(real))
      const lock = await lockFile(join(dirname(real), `.${basename(real)}.icthp.lock`), signal)
      try {
        const partial = beside(real, 'partial')
        await heal(real, partial)
        await checkModelPlace(real)
        await makeFolder(join(partial, 'onnx'))
        await writeFile(join(partial, MARK), '')
        return new ModelPlace(real, partial, () => lock.release())
      } catch (error) {
        await lock.release()
        throw error
      }
    } catch (cause) {
      throw asOutputError(cause, place)
    }
  }

  /** Moves the whole model into its place, and removes the one that was there before. */
  async commit(): Promise<void> {
    const old = beside(this.place, 'old')
    try {
      const replaced = await exists(this.place)
      if (replaced) {
        await rename(this.place, old)
        await writeFile(join(old, MARK), '')
      }
      try {
        await rename(this.partial, this.place)
      } catch (error) {
        if (replaced) await rename(old, this.place)
        throw error
      }
      await unlink(join(this.place, MARK))
      if (replaced) await removeModel(old, this.place)
    } catch (cause) {
      throw asOutputError(cause, this.place)
    }
  }

  /** Removes what was not committed, and lets others write here. */
  async close(): Promise<void> {
    await removeFiles(this.partial, (path) => WRITTEN.test(path)).catch(() => {})
    await this.release()
  }
}

/** Throws `OutputError` `output_not_ours` where something is at `place` that is not a model that icthp wrote, and only that. */
export async function checkModelPlace(place: string): Promise<void> {
  const found = await lstat(place).catch(() => undefined)
  if (!found) return
  if (!found.isDirectory() && !(await isFolder(place))) throw notOurs(place, 'it is not a folder')
  const folders = new Set<string>()
  const names = await filesIn(place, folders)
  // An empty folder is somebody's, too: ours have files, but for what a run that was killed has left of them.
  for (const path of folders) {
    const name = relative(place, path)
    if (name !== 'onnx' && (await readdir(path)).length === 0) names.push(`${name}/`)
  }
  if (names.every((name) => LITTER.includes(basename(name)) || name === MARK)) return
  const ours = await filesOfModel(place)
  if (!ours) throw notOurs(place, `it has no ${MANIFEST_NAME} of icthp`, names)
  const strange: string[] = []
  for (const name of names) if (!(await isOurs(place, name, ours))) strange.push(name)
  if (strange.length > 0) throw notOurs(place, 'it holds files that icthp did not write', strange)
}

function notOurs(place: string, why: string, files: readonly string[] = []): OutputError {
  const list =
    files.length === 0
      ? ''
      : `:${files
          .slice(0, 10)
          .map((name) => `\n  ${name}`)
          .join('')}${files.length > 10 ? '\n  …' : ''}\n`
  return new OutputError(
    'output_not_ours',
    `${place} is not a model folder that icthp may replace: ${why}${list || '. '}Move it away, or choose another place (--out).`,
    { place, files },
  )
}

/** Weights by their names, which nobody else would give; what others might have written in its place, by its bytes. */
async function isOurs(
  place: string,
  name: string,
  ours: ReadonlyMap<string, string | undefined>,
): Promise<boolean> {
  if (LITTER.includes(basename(name)) || name === MARK) return true
  if (!ours.has(name)) return false
  const sha256 = ours.get(name)
  if (sha256 === undefined || name.startsWith('onnx/')) return true
  return (
    createHash('sha256')
      .update(await readFile(join(place, name)))
      .digest('hex') === sha256
  )
}

/** Puts right what a run that was killed has left; only who holds the lock may. */
async function heal(place: string, partial: string): Promise<void> {
  const old = beside(place, 'old')
  if (await exists(old)) {
    // A run that ended between its two renames had a whole model in its place before.
    const back = !(await exists(place))
    const names = (await isFolder(old)) ? await filesIn(old) : []
    if (!back && names.length > 0 && !names.includes(MARK))
      throw notOurs(old, 'icthp keeps what it replaces there', names)
    await checkModelPlace(old)
    if (back) {
      await rename(old, place)
      await unlink(join(place, MARK)).catch(() => {})
    } else await removeModel(old, place)
  }
  if (!(await exists(partial))) return
  const names = await filesIn(partial)
  if (names.length === 0 || names.includes(MARK)) await removeFiles(partial, (path) => WRITTEN.test(path))
  if (await exists(partial))
    throw notOurs(partial, 'icthp would write there first, and it holds other files', await filesIn(partial))
}

/** Hidden, and of a name that nobody gives to a copy of a model. */
const beside = (place: string, what: 'partial' | 'old'): string =>
  join(dirname(place), `.${basename(place)}.icthp-${what}`)

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
