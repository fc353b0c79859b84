export default {
  output: 'standalone',
  // Else a package.json above this project counts, too.
  outputFileTracingRoot: import.meta.dirname,
  outputFileTracingIncludes: {
    '/api/**': ['./node_modules/icthp/models/demo/**', './node_modules/onnxruntime-{node,common}/**'],
  },
}
