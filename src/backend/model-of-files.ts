import type { ModelFiles, ModelSource } from './backend.ts'

/** A graph whose files are at hand already. */
export function modelOfFiles(
  name: string,
  graph: ModelFiles['graph'],
  externalData: ModelFiles['externalData'] = [],
): ModelSource {
  return { name, files: async () => ({ graph, externalData }) }
}
