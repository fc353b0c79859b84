import type * as Ort from 'onnxruntime-common'
import { BackendError } from '../base/errors.ts'
import type { Tensors } from './backend.ts'

/**
 * What icthp uses of an ONNX Runtime. The packages (`onnxruntime-node`, `onnxruntime-web`) carry classes of their own,
 * so the runtime is passed in and only its types come from onnxruntime-common.
 */
export type OrtApi = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'env'>

/** Runs a session once; its outputs are the caller's. Throws `BackendError` `backend_wrong_output`. */
export async function runOrtSession(
  ort: OrtApi,
  session: Ort.InferenceSession,
  inputs: Tensors,
): Promise<Tensors> {
  const feeds: Record<string, Ort.Tensor> = {}
  for (const [name, { dtype, data, dims }] of Object.entries(inputs))
    feeds[name] = new ort.Tensor(dtype, data as never, dims)
  const results = await session.run(feeds)
  const outputs: Record<string, Tensors[string]> = {}
  for (const [name, tensor] of Object.entries(results)) {
    if (tensor.type !== 'float32' && tensor.type !== 'int64') {
      throw new BackendError(
        'backend_wrong_output',
        `Output ${name} is ${tensor.type}; icthp's graphs give float32 or int64.`,
        {
          name,
        },
      )
    }
    // Outputs may be views of the runtime's own memory.
    const data = (tensor.data as Float32Array).slice()
    outputs[name] = { dtype: tensor.type, dims: [...tensor.dims], data } as Tensors[string]
    tensor.dispose()
  }
  for (const tensor of Object.values(feeds)) tensor.dispose()
  return outputs
}
