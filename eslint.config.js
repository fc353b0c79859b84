import regexp from 'eslint-plugin-regexp'
import sortImports from 'eslint-plugin-simple-import-sort'
import tseslint from 'typescript-eslint'

// The rooms of src/ from the ground up; a room may import those before it, never those after.
const rooms = [
  'base',
  'onnx',
  'checkpoint',
  'backend',
  'text',
  'image',
  'prompts',
  'hub',
  'models',
  'scorers',
  'ranking',
  'report',
  'evaluation',
  'convert',
  'cli',
]
const platformPackages = [
  'node:*',
  'onnxruntime-node',
  'onnxruntime-web',
  'onnxruntime-web/*',
  'sharp',
  'commander',
  '@huggingface/*',
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
]

const upward = (room, index) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: rooms.slice(index + 1).flatMap((later) => [`../${later}/**`, `../../${later}/**`]),
            message: `src/${room} must not import upward.`,
            allowTypeImports: room === 'hub' || room === 'image',
          },
          ...(['convert', 'cli'].includes(room)
            ? []
            : [
                {
                  group: [
                    '../node.ts',
                    '../web.ts',
                    '../index.ts',
                    '../../node.ts',
                    '../../web.ts',
                    '../../index.ts',
                  ],
                  message: 'Entry points import rooms, not the reverse.',
                },
              ]),
        ],
      },
    ],
  },
})

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
    // Foreign bytes and texts must not keep an expression busy for longer than they are long.
    files: ['src/**/*.ts', 'scripts/**', 'examples/**/*.ts'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
    },
  },
  ...rooms.slice(0, -1).map(upward),
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
