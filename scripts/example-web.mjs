// `npm run example:web`: builds examples/web, puts a model beside it and serves both with the headers that let WebAssembly
// use threads. The model is models/demo where there is one, else a small one with random weights, which judges nothing.
import { existsSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build, preview } from 'vite'
import { makeExampleModel, root } from './example-model.mjs'

const usage = 'npm run example:web -- [--model FOLDER | --random] [--port 4173] [--build]'
const { values } = parseArgs({ options: { model: { type: 'string' }, random: { type: 'boolean' }, port: { type: 'string' }, build: { type: 'boolean' }, help: { type: 'boolean' } } })
if (values.help) {
  console.log(`${usage}\n  --model  a folder that icthp convert or icthp pull wrote\n  --random the small model with random weights\n  --build  only write examples/web/dist`)
  process.exit()
}

// Whatever it is here: Vite builds for development where it is something else.
process.env.NODE_ENV = 'production'
const demo = join(root, 'models/demo')
try {
  const trained = !values.random && existsSync(join(demo, 'ict/icthp.json'))
  const model = values.model ? resolve(values.model) : trained ? demo : await makeExampleModel()
  const beside = join(root, '.cache/example-web')
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { recursive: true })
  await cp(model, join(beside, 'model'), { recursive: true })
  const config = { root: join(root, 'examples/web'), configFile: join(root, 'examples/web/vite.config.ts'), logLevel: 'warn' }
  await build(config)
  if (!values.build) {
    const server = await preview({ ...config, preview: { port: Number(values.port ?? 4173) } })
    console.log(`${!values.model && !trained ? 'Random weights: the page shows how things work and judges nothing.\n' : ''}${server.resolvedUrls.local[0]}`)
  }
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
