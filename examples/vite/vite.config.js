import { defineConfig } from 'vite'

// With these headers the page is cross-origin isolated, and WebAssembly may use threads. Your web server sends them, too.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  server: { headers },
  preview: { headers },
  // Workers that load modules of their own need this format.
  worker: { format: 'es' },
  // `vite dev` would move these packages' files away from their workers and .wasm.
  optimizeDeps: { exclude: ['icthp', 'onnxruntime-web'] },
})
