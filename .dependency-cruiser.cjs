/**
 * The rooms of src/ from the ground up, with those that share a floor on one line. A room may import the floors below it
 * and itself: neither its neighbours nor what is above, nor a door, and types count. Which files may import platform
 * packages is eslint's matter.
 */
const FLOORS = [
  ['base'],
  ['worker'],
  ['onnx', 'checkpoint'],
  ['backend'],
  ['text'],
  ['image'],
  ['prompts'],
  ['pairs'],
  ['hub'],
  ['runtime.ts'],
  ['models'],
  ['scorers'],
  ['ranking'],
  ['evaluation', 'report', 'convert', 'testing'],
  ['dataset', 'server'],
  ['cli'],
]

/** What may import what lies above it, and why. */
const EXCEPTIONS = [
  // The worker's entry: like a door, it wires the handlers that run behind its port.
  { from: 'worker/worker-web.ts', to: 'backend/ort-web/ort-handler-web.ts' },
  { from: 'worker/worker-web.ts', to: 'image/image-handler-web.ts' },
]

/** Files at the root of src/ that may import all rooms. */
const DOORS = [
  'index',
  'node',
  'web',
  'transformers',
  'testing',
  'ort',
  'sheet',
  'core',
  'server',
  'remote',
  'remote-web',
  'dataset',
]

const escaped = (path) => path.replaceAll('.', '\\.')
const isFile = (name) => name.endsWith('.ts')
const within = (name) => (isFile(name) ? `${escaped(name)}$` : `${name}/`)
const anyOf = (names) => `^src/(${names.map(within).join('|')})`

const directions = FLOORS.flatMap((floor, index) =>
  floor.map((room) => {
    const excepted = EXCEPTIONS.filter(({ from }) => from.startsWith(`${room}/`))
    return {
      name: `up-from-${room}`,
      comment: `src/${room} may import ${FLOORS.slice(0, index).flat().join(', ') || 'no other room'}.`,
      severity: 'error',
      from: { path: anyOf([room]), pathNot: excepted.map(({ from }) => `^src/${escaped(from)}$`) },
      to: { path: '^src/', pathNot: anyOf([room, ...FLOORS.slice(0, index).flat()]) },
    }
  }),
)

const exceptions = [...new Set(EXCEPTIONS.map(({ from }) => from))].map((file) => {
  const index = FLOORS.findIndex((floor) => floor.includes(file.split('/')[0]))
  const named = EXCEPTIONS.filter(({ from }) => from === file).map(({ to }) => to)
  return {
    name: `up-from-${file}`,
    comment: `It may import what its room may, and ${named.join(', ')}.`,
    severity: 'error',
    from: { path: `^src/${escaped(file)}$` },
    to: { path: '^src/', pathNot: anyOf([...named, ...FLOORS.slice(0, index + 1).flat()]) },
  }
})

const doors = DOORS.map((door) => `${door}.ts`)

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Move what both need (a type, too) to a file of its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...directions,
    ...exceptions,
    {
      name: 'runtime-holds-types-only',
      comment: 'The seams are interfaces: what is behind them a door wires in.',
      severity: 'error',
      from: { path: '^src/runtime\\.ts$' },
      to: { dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unknown-room',
      comment: 'Give a new room its floor, or a new door its name, in .dependency-cruiser.cjs.',
      severity: 'error',
      from: { path: '^src/', pathNot: anyOf([...FLOORS.flat(), ...doors]) },
      to: {},
    },
    {
      name: 'no-missing-file',
      comment: 'What cannot be found cannot be checked.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, path: '^\\.' },
    },
  ],
  options: {
    // Imports of types, too.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
}
