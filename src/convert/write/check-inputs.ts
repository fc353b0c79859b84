import { realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { OutputError } from '../../base/errors.ts'

/**
 * Throws `OutputError`: `output_holds_input` where one of `inputs` is the place of a model or lies in it, by what the system
 * says the folders are, so that links, mounts and the case of letters hide nothing.
 */
export async function checkInputs(places: readonly string[], inputs: readonly string[]): Promise<void> {
  for (const input of inputs) {
    const above = await identitiesUpwards(input)
    for (const place of places) {
      const target = await identity(place)
      if (resolve(place) !== resolve(input) && !(target !== undefined && above.has(target))) continue
      throw new OutputError(
        'output_holds_input',
        `${input} lies where the model would be written (${place}), and would be replaced by it. Choose another place (--out).`,
        { place, input },
      )
    }
  }
}

/** A file or folder, however it is called; `undefined` where there is none. */
async function identity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined)
  return found && `${found.dev}:${found.ino}`
}

/** Of a path and of all folders above it, as it is named and where its links lead. */
async function identitiesUpwards(path: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (const start of [resolve(path), await realpath(path).catch(() => resolve(path))]) {
    for (let at = start; ; at = dirname(at)) {
      const id = await identity(at)
      if (id !== undefined) found.add(id)
      if (dirname(at) === at) break
    }
  }
  return found
}
