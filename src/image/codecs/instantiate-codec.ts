type CodecFactory<Codec> = (options: {
  noInitialRun: boolean
  printErr: (line: string) => void
  instantiateWasm: (
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance) => void,
  ) => WebAssembly.Exports
}) => Promise<Codec>

/** Starts a codec of the jSquash packages from its glue code, as imported, and its compiled .wasm file. */
export function instantiateCodec<Codec>(
  glue: unknown,
  module: WebAssembly.Module,
  onInstance: (instance: WebAssembly.Instance) => void = () => {},
): Promise<Codec> {
  return (glue as CodecFactory<Codec>)({
    noInitialRun: true,
    printErr: () => {},
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(module, imports)
      onInstance(instance)
      done(instance)
      return instance.exports
    },
  })
}
