export default {
  output: 'standalone',
  outputFileTracingIncludes: {
    '/api/**': ['./node_modules/icthp/models/demo/**', './node_modules/onnxruntime-{node,common}/**'],
  },
}
