import { PickleDict, PickleForeign, PickleTuple } from '../pickle/pickle-values.ts'
import { SpecialTensor } from '../torch/special-tensor.ts'
import { StorageRecord, TensorRecord } from '../torch/torch-records.ts'

/** How far and how wide is looked: a hostile pickle may share and nest at will. */
const DEPTH = 3
const WIDTH = 16

const isTensor = (value: unknown): boolean =>
  value instanceof TensorRecord || value instanceof StorageRecord || value instanceof SpecialTensor

/** Whether an unknown object was made of a tensor or its storage: then it is a tensor of some class. */
export function tensorOfClass({ args }: PickleForeign): boolean {
  const holds = (items: readonly unknown[], depth: number): boolean =>
    items
      .slice(0, WIDTH)
      .some(
        (item) =>
          isTensor(item) || (item instanceof PickleTuple && depth < DEPTH && holds(item.items, depth + 1)),
      )
  return holds(args, 0)
}

/** Where weights seem to be, if not in a dict of tensors: what the file holds, and what to do. */
export function elsewhere(root: unknown): string | undefined {
  const found = lookIn(root)
  if (found) return found
  if (!(root instanceof PickleDict)) return undefined
  for (const [key, value] of [...root.entries].slice(0, 100)) {
    const inner = lookIn(value)
    if (inner) return `under ${typeof key === 'string' ? key : 'one of its keys'}, ${inner}`
  }
  return undefined
}

function lookIn(value: unknown): string | undefined {
  if (value instanceof PickleForeign) {
    if (isModule(value)) {
      return (
        `it holds a whole model (an object of ${value.path}), not its weights. Save the state_dict: in Python, where the ` +
        'code of the model is, torch.save(model.state_dict(), …).'
      )
    }
    if ([...value.items.values()].slice(0, WIDTH).some(isTensor))
      return `it holds its weights in an object of ${value.path}. Save them in a plain dict: torch.save(dict(weights), …).`
    return `it holds an object of ${value.path}, not weights. Save the state_dict: torch.save(model.state_dict(), …).`
  }
  if (!(value instanceof PickleDict)) return undefined
  const inner = [...value.entries.values()].slice(0, WIDTH)
  if (inner.some((item) => item instanceof PickleForeign && /^numpy\.(?:_?core|ma)\./.test(item.path)))
    return 'it holds NumPy arrays instead of tensors. Save torch tensors: {name: torch.from_numpy(array)}.'
  return undefined
}

/** A module, or an object that was made around one, as torch.compile does. */
const isModule = (object: PickleForeign): boolean =>
  isPlainModule(object) ||
  object.args.slice(0, WIDTH).some((arg) => arg instanceof PickleForeign && isPlainModule(arg))

/** torch.nn.Module keeps its parameters so; in a dict that is pickled as the object's state. */
function isPlainModule({ state }: PickleForeign): boolean {
  const fields = state instanceof PickleTuple ? state.items[0] : state
  return fields instanceof PickleDict && fields.entries.has('_parameters') && fields.entries.has('_modules')
}
