import type { Tensor, Tensors } from '../../backend/backend.ts'
import type {
  IndexedModel,
  InferRequest,
  InferResponse,
  ModelMetadata,
} from '../../backend/open-inference/infer-message.ts'
import { DATATYPES } from '../../backend/open-inference/tensor-bytes.ts'
import { RequestError, show } from '../../base/errors.ts'
import type { ServedTower, TensorSpec } from './served-tower.ts'

/** Towers have one version. */
export const VERSIONS: readonly string[] = ['1']

/** The towers of a server by name; what is asked of others is `request_not_found`. */
export class TowerDesk {
  readonly #towers: ReadonlyMap<string, ServedTower>

  constructor(towers: readonly ServedTower[]) {
    this.#towers = new Map(towers.map((tower) => [tower.name, tower]))
  }

  /** Throws `RequestError` `request_not_found`. */
  tower(name: string, version?: string): ServedTower {
    const tower = this.#towers.get(name)
    if (tower && (!version || VERSIONS.includes(version))) return tower
    const names = [...this.#towers.keys()].join(', ') || 'none'
    throw new RequestError(
      'request_not_found',
      tower
        ? `${name} has no version ${show(version)}; it has ${VERSIONS.join(', ')}.`
        : `There is no model ${show(name)} here. There are: ${names}.`,
      { model: name },
    )
  }

  index(isReady: boolean = true): IndexedModel[] {
    const state = isReady ? 'READY' : 'UNAVAILABLE'
    return [...this.#towers.keys()].map((name) => ({ name, version: VERSIONS[0]!, state }))
  }

  /** Throws `RequestError` `request_not_found`. */
  metadata(name: string, version?: string): ModelMetadata {
    const tower = this.tower(name, version)
    const shaped = (specs: readonly TensorSpec[]): ModelMetadata['inputs'] =>
      specs.map(({ name, dtype, dims }) => ({ name, datatype: DATATYPES[dtype], shape: [-1, ...dims] }))
    return {
      name,
      versions: VERSIONS,
      platform: 'onnxruntime_onnx',
      inputs: shaped(tower.inputs),
      outputs: shaped(tower.outputs),
    }
  }

  /**
   * Runs one request. Throws `RequestError` `request_not_found`, `request_invalid` where tensors do not fit (nothing is run),
   * and whatever the tower throws.
   */
  async infer(request: InferRequest, signal: AbortSignal): Promise<InferResponse> {
    const { model, version, id, inputs, outputs: asked } = request
    const tower = this.tower(model, version)
    checkInputs(tower, inputs)
    for (const name of asked ?? []) {
      if (tower.outputs.some((output) => output.name === name)) continue
      throw invalid(`${model} has no output ${show(name)}; it has ${namesOf(tower.outputs)}.`)
    }
    const outputs = await tower.run(inputs, { signal })
    return {
      model,
      version: version ?? VERSIONS[0],
      id,
      outputs: asked ? Object.fromEntries(asked.map((name) => [name, outputs[name]!])) : outputs,
    }
  }
}

function checkInputs({ name: model, inputs: specs }: ServedTower, inputs: Tensors): void {
  for (const name of Object.keys(inputs)) {
    if (specs.some((spec) => spec.name === name)) continue
    throw invalid(`${model} has no input ${show(name)}; it has ${namesOf(specs)}.`)
  }
  for (const { name, dtype, dims } of specs) {
    const tensor = inputs[name]
    if (!tensor) throw invalid(`Input ${name} of ${model} is missing.`)
    if (!fits(tensor, dtype, dims)) {
      throw invalid(
        `Input ${name} of ${model} is ${DATATYPES[dtype]} [${[-1, ...dims]}], with at least one of each, ` +
          `not ${DATATYPES[tensor.dtype]} [${tensor.dims}].`,
      )
    }
  }
}

const fits = (tensor: Tensor, dtype: Tensor['dtype'], dims: readonly number[]): boolean =>
  tensor.dtype === dtype &&
  tensor.dims.length === dims.length + 1 &&
  tensor.data.length > 0 &&
  dims.every((dim, i) => dim < 0 || dim === tensor.dims[i + 1])

const namesOf = (specs: readonly TensorSpec[]): string => specs.map(({ name }) => name).join(', ')

const invalid = (message: string): RequestError => new RequestError('request_invalid', message)
