/** The precisions that a model folder may hold. */
export const DTYPES = ['fp32', 'fp16', 'int8', 'q8', 'q4', 'q4f16'] as const
export type Dtype = (typeof DTYPES)[number]

/** File name endings of a precision, as transformers.js has them. */
export const DTYPE_SUFFIX: Readonly<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  int8: '_int8',
  q8: '_quantized',
  q4: '_q4',
  q4f16: '_q4f16',
}
