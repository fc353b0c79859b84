// Our declarations are checked, too, by the oldest compiler that will do and by newer ones.
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { mustRun } from './checks.mjs'

const { dependencies } = JSON.parse(await readFile('package.json', 'utf8'))
for (const compiler of Object.keys(dependencies).filter((name) => name.startsWith('typescript')))
  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])
    // Neither ESNext.Disposable nor the types of Node.
    for (const types of [[], ['node']]) {
      const compilerOptions = { target: 'es2022', lib: ['es2022', 'dom'], types, module, moduleResolution }
      const options = { ...compilerOptions, strict: true, skipLibCheck: false, noEmit: true }
      await writeFile('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['use.ts'] }))
      const tsc = ['bin/tsc', 'bin/tsc.js'].map((path) => `node_modules/${compiler}/${path}`).find(existsSync)
      await mustRun(process.execPath, [tsc, '-p', '.'])
    }
