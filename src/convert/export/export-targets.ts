/** Servers whose repositories can be written: Triton, and OpenVINO Model Server. */
export const EXPORT_TARGETS = ['triton', 'ovms'] as const
export type ExportTarget = (typeof EXPORT_TARGETS)[number]
