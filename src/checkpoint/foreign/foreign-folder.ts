import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { CheckpointError } from '../../base/errors.ts'
import { unreadable } from '../checkpoint-error.ts'

/** What training leaves that holds weights in pieces, or none of its own, by the names of its files. */
interface Kind {
  readonly kind: string
  readonly isOne: (names: readonly string[]) => boolean
  readonly why: string
}

const ZERO_FILE = /(^|_)(zero_pp_rank_\d+_)?mp_rank_\d+_(model|optim)_states\.pt$/
const DCP_FILE = /\.distcp$/
const ADAPTER_FILE = /^adapter_(config\.json|model\.(safetensors|bin))$/

/** Whether a file is no weights of its own, by its name, where it lies in a folder with others. */
export const isPiece = (name: string): boolean => ZERO_FILE.test(name) || ADAPTER_FILE.test(name)

const KINDS: readonly Kind[] = [
  {
    kind: 'deepspeed-zero',
    isOne: (names) =>
      names.some((name) => ZERO_FILE.test(name) || /^(zero_to_fp32\.py|global_step\d+)$/.test(name)),
    why:
      'it is a folder of DeepSpeed ZeRO, whose weights lie in pieces. Put them together with the zero_to_fp32.py that ' +
      'DeepSpeed leaves there (python zero_to_fp32.py . out/), and convert what it writes.',
  },
  {
    kind: 'distributed-checkpoint',
    isOne: (names) => names.some((name) => DCP_FILE.test(name)),
    why:
      'it is a checkpoint of torch.distributed.checkpoint (.metadata and *.distcp), whose weights lie in pieces. Put them ' +
      'together (python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER weights.pt), and convert that file.',
  },
  {
    kind: 'adapter',
    isOne: (names) => names.some((name) => ADAPTER_FILE.test(name)),
    why:
      'it is an adapter (LoRA), which holds what was trained beside the weights, not the weights. Merge it into its base ' +
      'model first (merge_and_unload() of peft, then save_pretrained), and convert that.',
  },
]

/** Says what a folder is in which no weight file can be named, if that is known; also where its pieces lie one folder deeper. */
export async function foreignFolder(
  folder: string,
  names: readonly string[],
): Promise<CheckpointError | undefined> {
  const here = KINDS.find(({ isOne }) => isOne(names))
  if (here) return unreadable(folder, here.why, { kind: here.kind })
  for (const name of names.slice(0, 100)) {
    const inside = await readdir(join(folder, name)).catch(() => [])
    const found = KINDS.find(({ isOne }) => isOne(inside))
    if (found) return unreadable(join(folder, name), found.why, { kind: found.kind })
  }
  return undefined
}

/** Says of one file that it is a piece of such a folder, by its name. What holds whole weights may be named all the same. */
export function foreignPiece(path: string): CheckpointError | undefined {
  const name = basename(path)
  if (!DCP_FILE.test(name) && name !== '.metadata' && !/_optim_states\.pt$/.test(name)) return undefined
  const found = KINDS.find(({ isOne }) => isOne(name === '.metadata' ? ['__0_0.distcp'] : [name]))
  return found && unreadable(path, found.why, { kind: found.kind })
}
