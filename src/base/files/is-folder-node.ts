import { stat } from 'node:fs/promises'

/** Whether a path leads to a folder, over links too. What cannot be looked at is none. */
export const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )
