import { readdir } from 'node:fs/promises'
import { parse, sep } from 'node:path'

/** What stands in a decoded name for bytes that are not UTF-8. */
export const LOST = '\ufffd'

/** The name that a file's bytes decode to; `exact` where those bytes come back from it. */
export function decodeName(bytes: Buffer): { readonly text: string; readonly exact: boolean } {
  const text = bytes.toString('utf8')
  return { text, exact: !text.includes(LOST) || Buffer.from(text).equals(bytes) }
}

/** A name with what is not UTF-8 as `\xE9`, to tell two apart that decode alike. */
export function escapeName(bytes: Buffer): string {
  const text = bytes
    .toString('latin1')
    .replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
  // Whole characters are decoded again, one by one; what is left over stays in bytes.
  return text.replace(/(?:%[89a-f][\da-f])+/g, (run) => {
    let out = ''
    for (let at = 0; at < run.length;) {
      const taken = [12, 9, 6].find((length) => isCharacter(run.slice(at, at + length), length))
      out += taken
        ? decodeURIComponent(run.slice(at, at + taken))
        : `\\x${run.slice(at + 1, at + 3).toUpperCase()}`
      at += taken ?? 3
    }
    return out
  })
}

function isCharacter(run: string, length: number): boolean {
  try {
    return run.length === length && [...decodeURIComponent(run)].length === 1
  } catch {
    return false
  }
}

/**
 * The paths whose bytes decode to a text with U+FFFD in it, as Node decodes arguments and listings. Folders that cannot be
 * read hold none.
 */
export async function findRawPaths(path: string): Promise<Buffer[]> {
  const { root } = parse(path)
  let found: Buffer[] = [Buffer.from(root)]
  for (const part of path.slice(root.length).split(sep).filter(Boolean)) {
    const next: Buffer[] = []
    for (const folder of found) {
      if (!part.includes(LOST)) next.push(joinRaw(folder, Buffer.from(part)))
      else
        for (const name of await namesIn(folder))
          if (name.toString('utf8') === part) next.push(joinRaw(folder, name))
    }
    found = next
  }
  return found.sort(Buffer.compare)
}

export function joinRaw(folder: Buffer, name: Buffer): Buffer {
  const end = folder.length > 0 && folder.at(-1) !== sep.charCodeAt(0)
  return Buffer.concat(end ? [folder, Buffer.from(sep), name] : [folder, name])
}

const namesIn = (folder: Buffer): Promise<Buffer[]> => readdir(folder, { encoding: 'buffer' }).catch(() => [])
