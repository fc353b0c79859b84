import { BackendError } from '../../base/errors.ts'
import type { Tensor, Tensors } from '../backend.ts'

/** What is used of `@huggingface/transformers`: pass the module itself. */
export interface TransformersApi {
  readonly CLIPVisionModelWithProjection: {
    from_pretrained(folder: string, options: Record<string, unknown>): Promise<TransformersModel>
  }
  readonly Tensor: new (dtype: Tensor['dtype'], data: Tensor['data'], dims: number[]) => TransformersTensor
  readonly env: { readonly version: string }
}

export interface TransformersTensor {
  readonly type: string
  readonly dims: readonly number[]
  readonly data: unknown
  dispose(): void
}

export interface TransformersModel {
  (inputs: Record<string, TransformersTensor>): Promise<Record<string, TransformersTensor>>
  dispose(): Promise<unknown>
}

export async function runTransformers(
  { Tensor: TensorClass }: TransformersApi,
  model: TransformersModel,
  inputs: Tensors,
): Promise<Tensors> {
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { dtype, data, dims }]) => [
      name,
      new TensorClass(dtype, data, [...dims]),
    ]),
  )
  const outputs: Record<string, Tensor> = {}
  for (const [name, tensor] of Object.entries(await model(feeds))) {
    const { type, dims } = tensor
    if (type !== 'float32' && type !== 'int64') {
      throw new BackendError(
        'backend_wrong_output',
        `Output ${name} is ${type}; icthp's graphs give float32 or int64.`,
        { name },
      )
    }
    outputs[name] = { dtype: type, dims: [...dims], data: (tensor.data as Float32Array).slice() } as Tensor
    tensor.dispose()
  }
  return outputs
}
