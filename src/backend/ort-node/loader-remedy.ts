/** What the system's loader says of a library it does not load, and what helps. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /version `(?:GLIBC|GLIBCXX|CXXABI)_/,
    'This Linux is older than its glibc 2.28 and libstdc++: use a newer one (Debian 10, Ubuntu 20.04, RHEL 8 or later).',
  ],
  [
    /ld-linux|musl|Error (?:loading shared library|relocating)|symbol not found/,
    'It has no build for Alpine (musl): use an image with glibc, for example node:22-slim.',
  ],
  [
    /Cannot find module .*\.node|Cannot find module .*bin\/napi/,
    `It has no build for this system (${process.platform} ${process.arch}), or lost it: see the platforms in its documentation, and install it again with \`npm install onnxruntime-node\`.`,
  ],
  [
    /specified module could not be found/i,
    'Install the Microsoft Visual C++ Redistributable, then onnxruntime-node again.',
  ],
  [
    /lib(?:stdc\+\+|gcc_s|dl|pthread|m|c)\.so[.\d]*: cannot open/,
    'A library of the system is missing: install libstdc++ (Debian: `apt-get install libstdc++6`).',
  ],
]

const REINSTALL =
  'Its files are damaged or of another system: delete node_modules/onnxruntime-node and install it again, on the machine ' +
  'where it runs.'

/** What to do about an error of loading onnxruntime-node's own library. */
export function loaderRemedy(message: string): string {
  return REMEDIES.find(([pattern]) => pattern.test(message))?.[1] ?? REINSTALL
}
