import { unreadable } from './checkpoint-error.ts'
import { DataFile } from './data-file.ts'

/** An index of a hundred thousand tensors has 10 MB. */
const MAX_BYTES = 16 << 20
const MAX_DEPTH = 64

/**
 * The JSON of a file beside the weights, such as an index of shards. `what` names it for the message. Refuses what would
 * take very much more memory than the file is long, and what is no file. Throws `CheckpointError`.
 */
export async function readSmallJson(path: string, what: string): Promise<unknown> {
  const file = await DataFile.open(path)
  try {
    if (file.size > MAX_BYTES)
      throw unreadable(path, `the ${what} has ${file.size} bytes, far more than one has.`, {
        size: file.size,
      })
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      await file.bytes(0, file.size),
    )
    if (depthOf(text) > MAX_DEPTH) throw unreadable(path, `the ${what} is nested too deep to be one.`)
    return JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause
    throw unreadable(path, `the ${what} is not JSON. Download or copy it again.`, { cause })
  } finally {
    await file.close()
  }
}

/** How deep brackets nest, at most; those within strings do not count. */
function depthOf(text: string): number {
  let depth = 0
  let most = 0
  let quoted = false
  for (let i = 0; i < text.length && most <= MAX_DEPTH; i++) {
    const code = text.charCodeAt(i)
    if (quoted) {
      if (code === 0x5c) i++
      else if (code === 0x22) quoted = false
    } else if (code === 0x22) quoted = true
    else if (code === 0x5b || code === 0x7b) most = Math.max(most, ++depth)
    else if (code === 0x5d || code === 0x7d) depth--
  }
  return most
}
