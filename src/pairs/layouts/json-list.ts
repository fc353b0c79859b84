import type { InputError } from '../../base/errors.ts'
import { jsonErrorAt } from '../tables/json-error-at.ts'
import { invalidTable } from '../tables/table.ts'
import type { FolderView } from './folder-view.ts'

/**
 * The list in a JSON file; undefined where it holds something else. What is no JSON is given as the error, for the layout to
 * throw once it knows that the file is its own.
 */
export async function readJsonList(
  folder: FolderView,
  file: string,
): Promise<readonly unknown[] | InputError | undefined> {
  const text = await folder.readText(file)
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list : undefined
  } catch {
    const lines = text.slice(0, jsonErrorAt(text)).split('\n')
    return invalidTable(folder.nameOf(file), 'it is not JSON from there on. Write the file anew.', {
      line: lines.length,
      column: lines.at(-1)!.length + 1,
    })
  }
}
