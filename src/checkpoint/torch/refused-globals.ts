/** Modules with nothing in them that is kept beside weights, and much that runs programs or reads and writes files. */
const MODULES = new Set(
  (
    'asyncio bdb cPickle cProfile cloudpickle code codeop commands ctypes _ctypes dill distutils fcntl ftplib ' +
    'gc http imp importlib inspect joblib marshal mmap multiprocessing nt os pdb pickle _pickle pip pkgutil posix ' +
    'posixpath ntpath profile pty pydoc requests resource runpy setuptools shelve shutil signal site smtplib socket ' +
    '_socket sqlite3 ssl subprocess _posixsubprocess sys telnetlib tempfile threading _thread timeit trace urllib ' +
    'webbrowser zipimport'
  ).split(' '),
)
/** Within modules of data: what is named to run or fetch something. */
const NAMES =
  /(?:^|\.)(?:eval|exec|execfile|compile|__import__|system|popen|runstring|run_string|load_module|import_module|FunctionType|CodeType|open|FileIO)$/
const PREFIXES = [
  'torch.load',
  'torch.hub.',
  'torch.jit.',
  'torch.utils.cpp_extension.',
  'torch._dynamo.',
  'io.',
  '_io.',
]
/** What a model is made of that was saved as a whole after torch.compile: classes, which run nothing by their names. */
const COMPILED = /^torch\._dynamo\.(?:[a-z_]+\.)+[A-Z]\w*$/
/** What `_io.BytesIO` is: bytes that a module keeps as its extra state. */
const DATA = new Set(['io.BytesIO', '_io.BytesIO', 'io.StringIO', '_io.StringIO'])
/** Types, by their names in Python 2, too, and `getattr`, by which some Pythons pickle members of an enum. */
const BUILTINS =
  /^(?:getattr|int|long|xrange|unicode|basestring|float|complex|str|bytes|bytearray|bool|list|dict|tuple|set|frozenset|slice|range|object|type|memoryview|Ellipsis|NotImplemented|[A-Za-z]+(?:Error|Exception|Warning))$/

/**
 * Whether a pickle has no reason to name this beside weights but to have it run: Python's own runners of programs and
 * code. (Nothing is run here, whatever is named; a file that asks for it is not to be trusted.)
 */
export function isRefusedGlobal(path: string): boolean {
  const top = path.slice(0, path.indexOf('.'))
  if (top === 'builtins') return !BUILTINS.test(path.slice(top.length + 1))
  if (DATA.has(path) || COMPILED.test(path)) return false
  return MODULES.has(top) || NAMES.test(path) || PREFIXES.some((prefix) => path.startsWith(prefix))
}
