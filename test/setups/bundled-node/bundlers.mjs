// Each bundles score-once.js into one file; `external`: but for icthp.
import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import nodeResolve from '@rollup/plugin-node-resolve'
import { rspack } from '@rspack/core'
import * as esbuild from 'esbuild'
import { rollup } from 'rollup'
import { build as vite } from 'vite'
import webpack from 'webpack'

const entry = 'score-once.js'
const isIcthp = /^icthp($|\/)/

const withEsbuild = (format) => (outfile, external) =>
  esbuild.build({
    entryPoints: [entry],
    outfile,
    format,
    bundle: true,
    platform: 'node',
    external: external ? ['icthp'] : [],
    logLevel: 'silent',
  })

const withWebpack = (pack) => (outfile, external) =>
  new Promise((resolve, reject) => {
    const options = {
      mode: 'production',
      target: 'node',
      entry: `./${entry}`,
      output: {
        path: process.cwd(),
        filename: outfile,
        ...(external ? { module: true, chunkFormat: 'module' } : {}),
      },
      // Packages that are ESM are imported, which only a module does.
      ...(external
        ? { experiments: { outputModule: true }, externals: [isIcthp], externalsType: 'module' }
        : {}),
    }
    pack(options, (error, stats) => {
      if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString({ all: false, errors: true })))
      else resolve()
    })
  })

export const bundlers = {
  'esbuild-esm': { extension: 'mjs', bundle: withEsbuild('esm') },
  'esbuild-cjs': { extension: 'cjs', bundle: withEsbuild('cjs') },
  webpack: { extension: 'mjs', bundle: withWebpack(webpack) },
  rspack: { extension: 'mjs', bundle: withWebpack(rspack) },
  rollup: {
    extension: 'mjs',
    bundle: async (file, external) => {
      const plugins = [nodeResolve({ preferBuiltins: true }), commonjs(), json()]
      const build = await rollup({
        input: entry,
        plugins,
        external: external ? [isIcthp] : ['sharp'],
        onwarn: () => {},
      })
      await build.write({ file, inlineDynamicImports: true })
    },
  },
  vite: {
    extension: 'mjs',
    bundle: (file, external) =>
      vite({
        configFile: false,
        logLevel: 'silent',
        ssr: external ? {} : { noExternal: true },
        build: {
          ssr: entry,
          outDir: '.',
          emptyOutDir: false,
          copyPublicDir: false,
          rollupOptions: { output: { entryFileNames: file } },
        },
      }),
  },
}
