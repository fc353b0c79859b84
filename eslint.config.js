import regexp from 'eslint-plugin-regexp'
import sortImports from 'eslint-plugin-simple-import-sort'
import tseslint from 'typescript-eslint'

const platformPackages = [
  'node:*',
  'onnxruntime-node',
  'onnxruntime-web',
  'onnxruntime-web/*',
  'sharp',
  'commander',
  '@huggingface/*',
  '@hono/node-server',
  '@grpc/*',
  'prom-client',
  'bullmq',
  'ioredis',
]
// Files that may import platform packages: named for the platform, or in a room that is Node only.
const platformFiles = [
  'src/**/*-node.ts',
  'src/**/*-web.ts',
  'src/node.ts',
  'src/web.ts',
  'src/transformers.ts',
  'src/checkpoint/**',
  'src/convert/**',
  'src/cli/**',
  'src/dataset/**',
]

// Long by nature: one switch or one run of arithmetic that a cut would only hide, or a text with holes.
const longByNature = [
  'src/checkpoint/pickle/pickle-machine.ts',
  'src/image/formats/jpeg/pixels/inverse-dct.ts',
]

export default tseslint.config(
  {
    ignores: [
      'dist',
      'node_modules',
      '.cache',
      'examples/*/dist',
      'examples/**/node_modules',
      'src/text/merges.ts',
    ],
  },
  ...tseslint.configs.recommended,
  {
    plugins: { sortImports },
    rules: {
      // One block: Node's modules, packages, then our own files by their distance.
      'sortImports/imports': ['error', { groups: [['^node:', '^@?\\w', '^\\.\\.', '^\\.']] }],
      'sortImports/exports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    // Here the compiler does (`noUnusedLocals`, `noUnusedParameters`), and sooner.
    files: ['{src,test}/**/*.ts'],
    ignores: ['test/setups/**'],
    rules: { '@typescript-eslint/no-unused-vars': 'off' },
  },
  {
    // Foreign bytes and texts must not keep an expression busy for longer than they are long.
    files: ['src/**/*.ts', 'scripts/**', 'examples/**/*.ts'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
    },
  },
  {
    // What is chosen among several has a name, a table or an if for each.
    rules: {
      'no-nested-ternary': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'bench/**', 'scripts/**', 'examples/**/*.ts'],
    ignores: longByNature,
    rules: {
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'max-lines': ['error', 250] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: platformFiles,
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: platformPackages,
              message: 'The core is platform-free: put this in a *-node.ts or *-web.ts file.',
            },
          ],
        },
      ],
    },
  },
)
