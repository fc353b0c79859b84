/**
 * Starts a kernel, WebAssembly without imports in base64. `undefined` where the platform does not run it, or its policy forbids
 * WebAssembly; JavaScript does the same then.
 */
export function startKernel<T>(base64: string): T | undefined {
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as T
  } catch {
    return undefined
  }
}

/** Sees to it that a kernel's memory has so many bytes. */
export function reserve(memory: WebAssembly.Memory, bytes: number): ArrayBuffer {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / 65536))
  return memory.buffer
}
