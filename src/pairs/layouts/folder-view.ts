/** A folder that may be laid out in a known way; paths are within it, with slashes. Handed in, so that layouts run anywhere. */
export interface FolderView {
  /** What lies in a folder of it (`''`: in it), in natural order, hidden files left out; nothing where there is none. */
  list(path: string): Promise<readonly FolderEntry[]>
  /** A text in UTF-8, or with a byte order mark. Throws `InputError` `input_not_text`, and what the platform throws. */
  readText(path: string): Promise<string>
  /** An image's size in pixels by its header; undefined where that cannot be read. */
  imageSize(path: string): Promise<{ readonly width: number; readonly height: number } | undefined>
  /** How messages name a file of it. */
  nameOf(path: string): string
}

export interface FolderEntry {
  readonly name: string
  readonly isFolder: boolean
}

/** `a/b`, or `b` in the folder itself. */
export const within = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

const IMAGE = /\.(?:jpe?g|jpe|jfif|a?png|webp|gif|bmp|dib|tiff?|avif)$/i
export const isImageName = (name: string): boolean => IMAGE.test(name)
export const stemOf = (name: string): string => name.replace(/\.[^.]*$/, '')

export const foldersIn = async (folder: FolderView, path: string): Promise<string[]> =>
  (await folder.list(path)).filter(({ isFolder }) => isFolder).map(({ name }) => name)

export const filesIn = async (folder: FolderView, path: string): Promise<string[]> =>
  (await folder.list(path)).filter(({ isFolder }) => !isFolder).map(({ name }) => name)

/** Images by name; with `deep` also those below, as paths. */
export async function imagesIn(folder: FolderView, path: string, deep = false): Promise<string[]> {
  const images: string[] = []
  for (const { name, isFolder } of await folder.list(path)) {
    if (!isFolder && isImageName(name)) images.push(name)
    else if (isFolder && deep)
      for (const below of await imagesIn(folder, within(path, name), true)) images.push(within(name, below))
  }
  return images
}
