// `npm run example:web`: builds examples/web, puts a model beside it (models/demo unless another is named) and serves both
// with the headers that let WebAssembly use threads.
import { cp, mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build, preview } from 'vite'

const usage = 'npm run example:web -- [--model FOLDER] [--port 4173] [--build]'
const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    port: { type: 'string' },
    build: { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(
    `${usage}\n  --model  a folder that icthp convert or icthp pull wrote; else the demo model\n  --build  only write examples/web/dist`,
  )
  process.exit()
}

// Whatever it is here: Vite builds for development where it is something else.
process.env.NODE_ENV = 'production'
const root = fileURLToPath(new URL('..', import.meta.url))
try {
  const beside = join(root, '.cache/example-web')
  await rm(beside, { recursive: true, force: true })
  await mkdir(beside, { recursive: true })
  await cp(values.model ? resolve(values.model) : join(root, 'models/demo'), join(beside, 'model'), {
    recursive: true,
  })
  const config = {
    root: join(root, 'examples/web'),
    configFile: join(root, 'examples/web/vite.config.ts'),
    logLevel: 'warn',
  }
  await build(config)
  if (!values.build) {
    const server = await preview({ ...config, preview: { port: Number(values.port ?? 4173) } })
    console.log(server.resolvedUrls.local[0])
  }
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
