import { PickleForeign } from '../pickle/pickle-values.ts'

/** Why a tensor's numbers are not in the file as they are used, and what to do, by the torch function that makes it. */
const KINDS: Readonly<Record<string, string>> = {
  _rebuild_sparse_tensor: 'is a sparse tensor. Call to_dense() on it before saving',
  _rebuild_qtensor:
    'is a quantised tensor. Save the weights before they are quantised, or call dequantize() on it',
  _rebuild_meta_tensor_no_storage:
    'is a meta tensor: it has a shape, but no numbers. Save the model with its weights loaded',
  _rebuild_nested_tensor: 'is a nested tensor. Call to_padded_tensor() on it before saving',
  _rebuild_wrapper_subclass: 'is a tensor of a class of its own. Save plain tensors',
  _rebuild_device_tensor_from_numpy: 'was kept on a device without a storage. Call cpu() on it before saving',
  _rebuild_device_tensor_from_cpu_tensor:
    'was kept on a device in another dtype than in the file. Call cpu() on it before saving',
}

/** The functions of `torch._utils` whose tensors are not read. */
export const SPECIAL_REBUILDERS: readonly string[] = Object.keys(KINDS)

/** A tensor that torch knows and that is not read: an error only where it is one of the weights. */
export class SpecialTensor {
  /** Follows the tensor's name: what it is, and what to do. */
  readonly says: string
  constructor(says: string) {
    this.says = says
  }

  static madeBy(rebuilder: string, [type]: readonly unknown[]): SpecialTensor {
    if (rebuilder === '_rebuild_wrapper_subclass' && type instanceof PickleForeign)
      return SpecialTensor.ofClass(type.path)
    return new SpecialTensor(KINDS[rebuilder]!)
  }

  /** A view whose sign (`neg`) or conjugate is taken when it is read. */
  static ofBit(bit: 'neg' | 'conj'): SpecialTensor {
    return new SpecialTensor(
      `is stored with its ${bit} bit set, so that its numbers are not those in the file. Call resolve_${bit}() on it before saving`,
    )
  }

  static ofClass(path: string): SpecialTensor {
    return new SpecialTensor(
      path.endsWith('.DTensor')
        ? 'is a part of a distributed tensor (DTensor). Call full_tensor() on it before saving'
        : `is a tensor of the class ${path}. Save plain tensors`,
    )
  }
}
