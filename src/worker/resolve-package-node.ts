import { pathToFileURL } from 'node:url'
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'

/** Threads have a script of their own in `process.argv`: they are told that of the program. */
const PROGRAM = 'icthp-program'

/**
 * The entry file of a package, or a file in it, as icthp finds it; else as the program does that was started, since a linked
 * icthp (`npm link`) lies elsewhere than the packages that it is used with. Throws what `require.resolve` throws, or a
 * TypeError where a bundler has made CommonJS of this code, which then has no address.
 */
export function resolvePackage(name: string): string {
  try {
    return resolveFrom(import.meta.url, name)
  } catch (error) {
    const program = isMainThread ? process.argv[1] : (getEnvironmentData(PROGRAM) as string | undefined)
    if (!program) throw error
    try {
      return resolveFrom(program, name)
    } catch {
      throw error
    }
  }
}

/** Imports a package from where {@link resolvePackage} finds it. */
export const importPackage = async (name: string): Promise<unknown> => {
  const url = pathToFileURL(resolvePackage(name))
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url.href)
}

/** Lets threads that start from now on find packages as this one does. */
export function tellThreads(): void {
  if (isMainThread && process.argv[1]) setEnvironmentData(PROGRAM, process.argv[1])
}

/** Of an imported `createRequire` webpack makes its own, which answers with numbers, and takes onnxruntime-node apart. */
const resolveFrom = (from: string, name: string): string =>
  process.getBuiltinModule('node:module').createRequire(from).resolve(name)
