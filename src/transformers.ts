/**
 * icthp on an already installed `@huggingface/transformers` (4): its ONNX Runtime runs the towers, so that a program
 * that has it anyway needs no second one.
 */
export type {
  TransformersApi,
  TransformersModel,
  TransformersTensor,
} from './backend/transformers/transformers-api.ts'
export { TransformersBackend } from './backend/transformers/transformers-backend-node.ts'
