import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { notFound, unreadable } from './checkpoint-error.ts'

/** What to open: one file, or the shards of an index with the file of each tensor. */
export interface CheckpointPlace {
  readonly path: string
  readonly files: readonly string[]
  /** File by tensor name; only of an index. */
  readonly weightMap?: ReadonlyMap<string, string>
}

/** The names under which Hugging Face repositories keep weights. The first is the official checkpoints'. */
const USUAL = ['pytorch_model.bin', 'pytorch_model.bin.index.json', 'model.safetensors', 'model.safetensors.index.json']
const ENDINGS = /\.(bin|pt|pth|ckpt|safetensors)$/
/** What training leaves beside the weights. */
const OTHERS = /^(optimizer|scheduler|scaler|training_args|trainer_state|rng_state|random_states)/

/** Takes a file, an index, or a folder with one checkpoint in it. Throws `CheckpointError` `checkpoint_not_found`. */
export async function locateCheckpoint(path: string): Promise<CheckpointPlace> {
  const found = await stat(path).catch((cause: unknown) => {
    throw notFound(path, 'there is no such file or folder. Check the path.', { cause })
  })
  const file = found.isDirectory() ? join(path, await chooseFile(path)) : path
  return file.endsWith('.index.json') ? readIndex(file) : { path: file, files: [file] }
}

async function chooseFile(folder: string): Promise<string> {
  const names = await readdir(folder)
  const usual = USUAL.find((name) => names.includes(name))
  if (usual) return usual
  const indexes = names.filter((name) => name.endsWith('.index.json')).sort()
  const weights = names.filter((name) => ENDINGS.test(name) && !OTHERS.test(name)).sort()
  const choice = indexes.length > 0 ? indexes : weights
  if (choice.length === 1) return choice[0]!
  if (choice.length === 0) {
    throw notFound(
      folder,
      `the folder has no weight file (looked for ${USUAL.join(', ')} and *.bin, *.pt, *.pth, *.ckpt, *.safetensors).`,
      { files: names },
    )
  }
  throw notFound(folder, `the folder has several weight files (${choice.slice(0, 20).join(', ')}). Name the wanted one.`, {
    files: choice,
  })
}

async function readIndex(path: string): Promise<CheckpointPlace> {
  let index: { weight_map?: unknown } | null
  try {
    index = JSON.parse(await readFile(path, 'utf8')) as { weight_map?: unknown } | null
  } catch (cause) {
    throw unreadable(path, 'the index is not JSON. Download or copy it again.', { cause })
  }
  const map = index?.weight_map
  if (typeof map !== 'object' || map === null || Object.keys(map).length === 0)
    throw unreadable(path, 'the index has no weight_map.')
  const weightMap = new Map<string, string>()
  for (const [tensor, name] of Object.entries(map)) {
    if (typeof name !== 'string' || !/^[^/\\]+$/.test(name) || name === '..' || name === '.') {
      throw unreadable(path, `the index puts ${tensor} into ${JSON.stringify(name)}, which is not a file beside it.`, {
        tensor,
        file: name,
      })
    }
    weightMap.set(tensor, join(dirname(path), name))
  }
  return { path, files: [...new Set(weightMap.values())].sort(), weightMap }
}
