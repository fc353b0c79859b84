import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { defineConfig, type Plugin } from 'vite'

/** They make the page cross-origin isolated, without which WebAssembly has one thread. */
export const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  base: './',
  // scripts/example-web.mjs puts a model there, in model/.
  publicDir: '../../.cache/example-web',
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 1000 },
  worker: { format: 'es' },
  optimizeDeps: { exclude: ['icthp', 'onnxruntime-web'] },
  server: { headers },
  preview: { headers },
  plugins: [serviceWorker()],
})

/** Writes service-worker.js with the names of all files of the build; WebAssembly is kept when it is first used. */
function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const names = Object.keys(bundle)
          .filter((name) => !name.endsWith('.map'))
          .sort()
        const later = names.filter((name) => name.endsWith('.wasm'))
        const files = [...new Set([...names.filter((name) => !later.includes(name)), 'index.html'])]
        const version = createHash('sha256')
          .update(names.join('\n'))
          .update(String((bundle['index.html'] as { source?: unknown } | undefined)?.source))
          .digest('hex')
          .slice(0, 12)
        const source = readFileSync(new URL('service-worker.js', import.meta.url), 'utf8')
          .replace('self.__FILES__', JSON.stringify(files))
          .replace('self.__LATER__', JSON.stringify(later))
          .replace('self.__VERSION__', JSON.stringify(version))
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source })
      },
    },
  }
}
