import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

// onnxruntime's library takes the process with it where its thread is stopped within a call: each of these ended by SIGABRT.
const backend = new URL('../../../node_modules/.cache/icthp-workers/ort-backend-node.js', import.meta.url)
  .href
const graph = new URL('../../../models/demo/ict/onnx/vision_model_quantized.onnx', import.meta.url)

const PROGRAM = `
import { fileURLToPath } from 'node:url'
import { OrtNodeBackend } from ${JSON.stringify(backend)}
const path = fileURLToPath(${JSON.stringify(graph.href)})
const data = path + '_data'
const files = { graph: { path }, externalData: [{ name: 'vision_model_quantized.onnx_data', file: { path: data } }] }
const model = { name: 'demo', files: async () => files }
const inputs = { pixel_values: { dtype: 'float32', dims: [8, 3, 224, 224], data: new Float32Array(8 * 3 * 224 * 224) } }
const later = (turns) => new Promise((resolve) => setTimeout(resolve, turns))
async function busy() {
  const backend = new OrtNodeBackend()
  const session = await backend.load(model, { device: 'cpu' })
  const quiet = [session.run(inputs), session.run(inputs), backend.load(model, { device: 'cpu' })].map((call) => call.catch((error) => error))
  return { backend, quiet }
}
`

const run = promisify(execFile)
const node = (program: string): Promise<{ stdout: string }> =>
  run(process.execPath, ['--input-type=module', '--eval', PROGRAM + program])

test('a backend that is disposed while a tower runs or loads leaves the process alone', async () => {
  const { stdout } = await node(`
    const codes = new Set()
    for (let i = 0; i < 12; i++) {
      const { backend, quiet } = await busy()
      await later(i)
      await backend.dispose()
      for (const error of await Promise.all(quiet)) codes.add(error?.code ?? 'answered')
    }
    console.log([...codes].filter((code) => code !== 'answered').join())
  `)
  expect(stdout).toBe('input_disposed\n')
}, 120_000)

test.each([0, 5, 20])(
  'a process that exits within a call, after %s ms, exits as it was told',
  async (wait) => {
    await expect(node(`await busy(); await later(${wait}); process.exit(7)`)).rejects.toMatchObject({
      code: 7,
      signal: null,
    })
  },
)
