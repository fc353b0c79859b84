import { MessageError } from './infer-message.ts'

/** Parameters of a tensor that say where it is or what it becomes: who does not know them gives a wrong answer, not the same. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  shared_memory_region: 'shared memory',
  classification: 'classification',
}

/** Others are hints, and let be. Throws `MessageError`. */
export function checkParameters(tensor: string, names: readonly string[]): void {
  const name = names.find((each) => Object.hasOwn(EXTENSIONS, each))
  if (name === undefined) return
  throw new MessageError(`tensor ${tensor} asks for ${EXTENSIONS[name]} (${name}), which is not known here`)
}
