import type { Device, InferenceBackend } from '../../backend/backend.ts'
import { checkObject } from '../../base/check-object.ts'
import type { Cases } from './bench.ts'
import { ConformanceModels, type Place } from './conformance-models.ts'
import { END_CASES } from './end-cases.ts'
import { FILE_CASES, HOSTED_CASES, LOAD_CASES } from './load-cases.ts'
import { PROBE_CASES } from './probe-cases.ts'
import { RUN_CASES } from './run-cases.ts'

export interface ConformanceCase {
  readonly name: string
  /** Rejects with an error that says what was expected and what came. Each case makes and disposes a backend of its own. */
  run(): Promise<void>
}

export interface ConformanceOptions {
  /**
   * Brings a file to where the backend reads files, under a relative name such as `affine-1/graph.onnx`; for a backend
   * that reads from disk, writes it to a temporary folder and returns its absolute path. Default: Blobs.
   */
  readonly place?: Place | undefined
  /**
   * Whether the backend runs what a server hosts and reads no files: then the graphs of `conformanceGraphs` are to be there
   * under their names, cases of damaged files are left out, and one of a graph that is not there comes in. Default false.
   */
  readonly hosted?: boolean | undefined
  /** Where to run. Default: what `auto` leads to. */
  readonly device?: Device | undefined
}

const CASES: Cases = { ...PROBE_CASES, ...RUN_CASES, ...LOAD_CASES, ...END_CASES }

/**
 * What every {@link InferenceBackend} must do, as a list of cases for any test framework:
 * `for (const { name, run } of backendConformance(() => new MyBackend())) test(name, run)`.
 */
export function backendConformance(
  createBackend: () => InferenceBackend | Promise<InferenceBackend>,
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  checkObject(options, 'backendConformance')
  const { place, hosted = false, device: asked = 'auto' } = options
  const models = new ConformanceModels(place)
  const cases = Object.entries(CASES).filter(([name]) => !(hosted ? FILE_CASES : HOSTED_CASES).has(name))
  return cases.map(([name, check]) => ({
    name,
    run: async () => {
      const backend = await createBackend()
      try {
        const device = name.startsWith('probe') ? asked : (await backend.probe(asked)).device
        await check({
          backend,
          models,
          device,
          load: async (graph) => backend.load(await models.source(graph), { device }),
        })
      } finally {
        await backend.dispose()
      }
    },
  }))
}
