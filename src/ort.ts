/** icthp on a module with onnxruntime-common's API that the user gives, on any platform. */
export { OrtBackend, type OrtBackendOptions } from './backend/ort/ort-backend.ts'
export type { OrtModule } from './backend/ort/ort-module.ts'
