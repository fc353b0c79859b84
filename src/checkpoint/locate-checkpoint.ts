import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { notFound, unreadable } from './checkpoint-error.ts'
import { foreignFolder, foreignPiece, isPiece } from './foreign/foreign-folder.ts'
import { readSmallJson } from './small-json.ts'

/** What to open: one file, or the shards of an index with the file of each tensor. */
export interface CheckpointPlace {
  readonly path: string
  readonly files: readonly string[]
  /** File by tensor name; only of an index. */
  readonly weightMap?: ReadonlyMap<string, string>
  /** Weight files beside it that were not taken. */
  readonly others: readonly string[]
}

/** The names under which Hugging Face repositories keep weights, in the order in which `from_pretrained` takes them. */
const USUAL = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
]
const ENDINGS = /\.(bin|pt|pth|ckpt|safetensors|(pt|pth)\.tar)$/i
const SHARD = /-\d{5}-of-\d{5}\./
/** What training leaves beside the weights. */
const OTHERS =
  /^(optimizer|optim[._]|scheduler|scaler|sampler[._]|dl_state_dict|training_args|trainer_state|rng_state|random_states|custom_checkpoint|meta\.pt$)/

export interface FileChoice {
  /** Names that go before the usual ones. */
  readonly preferred?: readonly string[] | undefined
  /** Names that are never taken. */
  readonly avoided?: readonly string[] | undefined
}

/**
 * Takes a file, an index, or a folder with one checkpoint in it. Throws `CheckpointError` `checkpoint_not_found`, or
 * `checkpoint_unreadable` for a folder of another kind.
 */
export async function locateCheckpoint(
  path: string,
  { preferred = [], avoided = [] }: FileChoice = {},
): Promise<CheckpointPlace> {
  const found = await stat(path).catch((cause: unknown) => {
    throw notFound(path, 'there is no such file or folder. Check the path.', { cause })
  })
  if (!found.isDirectory() && !found.isFile())
    throw notFound(path, 'it is a pipe or a device. Give a file or a folder.')
  const { name, others } = found.isDirectory()
    ? await chooseFile(path, preferred, avoided)
    : { name: '', others: [] }
  const piece = foreignPiece(path)
  if (piece) throw piece
  const file = name === '' ? path : join(path, name)
  if (!file.endsWith('.index.json')) return { path: file, files: [file], others }
  const place = await readIndex(file)
  const shards = new Set(place.files.map((shard) => basename(shard)))
  return { ...place, others: others.filter((other) => !shards.has(other)) }
}

async function chooseFile(
  folder: string,
  preferred: readonly string[],
  avoided: readonly string[],
): Promise<{ name: string; others: string[] }> {
  const entries = await readdir(folder, { withFileTypes: true })
  // Hidden files are none of the user's: `._model.pt` is what macOS puts beside a file.
  const names = entries
    .filter((entry) => !entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('.') && !avoided.includes(name))
  const usual =
    preferred.find((name) => names.includes(name)) ??
    (await nameInConfig(folder, names)) ??
    USUAL.find((name) => names.includes(name))
  const isWeights = (name: string): boolean =>
    (ENDINGS.test(name) && !OTHERS.test(name)) || name.endsWith('.index.json')
  if (usual) return { name: usual, others: names.filter((name) => name !== usual && isWeights(name)).sort() }
  const indexes = names.filter((name) => name.endsWith('.index.json')).sort()
  const weights = names.filter((name) => ENDINGS.test(name) && !OTHERS.test(name) && !isPiece(name)).sort()
  const choice = indexes.length > 0 ? indexes : weights
  if (choice.length === 1) return { name: choice[0]!, others: [] }
  if (choice.length === 0) {
    const foreign = await foreignFolder(
      folder,
      entries.map(({ name }) => name),
    )
    if (foreign) throw foreign
    throw notFound(
      folder,
      `the folder has no weight file (looked for ${USUAL.join(', ')} and *.bin, *.pt, *.pth, *.pth.tar, *.ckpt, *.safetensors).`,
      { files: names },
    )
  }
  if (choice.every((name) => SHARD.test(name)))
    throw notFound(
      folder,
      `the folder has shards of a checkpoint (${choice.slice(0, 20).join(', ')}) without their index. Fetch the .index.json ` +
        'that belongs to them, too.',
      { shards: choice },
    )
  throw notFound(
    folder,
    `the folder has several weight files (${choice.slice(0, 20).join(', ')}). Name the wanted one.`,
    {
      files: choice,
    },
  )
}

/** The file that `transformers_weights` of a config.json names, which `from_pretrained` takes before all others. */
async function nameInConfig(folder: string, names: readonly string[]): Promise<string | undefined> {
  if (!names.includes('config.json')) return undefined
  // What is wrong with a config is told by those who need it.
  const config: unknown = await readSmallJson(join(folder, 'config.json'), 'config').catch(() => undefined)
  const name = (config as { transformers_weights?: unknown } | null | undefined)?.transformers_weights
  if (typeof name !== 'string' || !/\.safetensors(\.index\.json)?$/.test(name)) return undefined
  if (names.includes(name)) return name
  throw notFound(
    folder,
    `its config.json says that the weights are in ${name}, which is not there. Fetch it, too.`,
    {
      file: name,
    },
  )
}

async function readIndex(path: string): Promise<Omit<CheckpointPlace, 'others'>> {
  const index = (await readSmallJson(path, 'index')) as { weight_map?: unknown } | null
  const map = index?.weight_map
  if (typeof map !== 'object' || map === null || Object.keys(map).length === 0)
    throw unreadable(path, 'the index has no weight_map.')
  const weightMap = new Map<string, string>()
  for (const [tensor, name] of Object.entries(map)) {
    if (typeof name !== 'string' || !/^[^/\\]+$/.test(name) || name === '..' || name === '.') {
      throw unreadable(
        path,
        `the index puts ${tensor} into ${JSON.stringify(name)}, which is not a file beside it.`,
        {
          tensor,
          file: name,
        },
      )
    }
    weightMap.set(tensor, join(dirname(path), name))
  }
  return { path, files: [...new Set(weightMap.values())].sort(), weightMap }
}
