import { clearCache, type Device, type Dtype, listCache, type Progress, type ScorerInfo } from 'icthp/web'
import { create, element, input, select } from './element.ts'
import { bytes, plural } from './format.ts'
import { modelSizes } from './model-sizes.ts'
import type { Models } from './models.ts'

export interface ModelChoice {
  readonly url: string
  readonly device: Device
  readonly dtype: Dtype | 'auto'
}

/** Everything under “Model”: what to load, what is loaded, what is kept. */
export class ModelPanel {
  #unloaded = 'not loaded'

  constructor(
    onChange: () => void,
    private readonly onProblem: (error: unknown) => void,
  ) {
    // Beside the page, unless the address names another: ?model=https://…
    const named = new URLSearchParams(location.search).get('model') ?? 'model/'
    input('url').value = new URL(named, document.baseURI).href
    for (const id of ['url', 'device', 'dtype']) element(id).addEventListener('change', onChange)
    element('empty-cache').addEventListener('click', () => void this.#empty())
    element('url').addEventListener('change', () => void this.#showSizes())
    void this.showKept()
    void this.#showSizes()
  }

  read(): ModelChoice {
    return {
      url: input('url').value.trim(),
      device: select('device').value as Device,
      dtype: select('dtype').value as Dtype | 'auto',
    }
  }

  showLoaded(models: Models | undefined): void {
    const infos = models ? [models.ict.info, models.hp.info] : []
    element('model-summary').textContent =
      infos.length === 0
        ? this.#unloaded
        : [...new Set(infos.map(({ dtype, device }) => `${dtype} on ${deviceName(device)}`))].join(', ')
    element('demo').hidden = !infos.some(({ origin }) => origin.repository?.startsWith('icthp-demo/'))
    element('info').replaceChildren(...(models ? [facts(infos, models)] : []))
  }

  /** What this browser holds, for everything that the page ever loaded. */
  async showKept(): Promise<void> {
    try {
      const kept = await listCache()
      const total = kept.reduce((sum, { size }) => sum + size, 0)
      const { quota } = (await navigator.storage?.estimate?.()) ?? {}
      element('kept').textContent =
        kept.length === 0
          ? 'No model is kept in this browser.'
          : `${bytes(total)} in ${plural(kept.length, 'file')} kept in this browser${quota ? `, which allows ${bytes(quota)}` : ''}.`
      element('empty-cache').hidden = kept.length === 0
    } catch (error) {
      this.onProblem(error)
    }
  }

  /** What there is to download, before anything is; precisions that the folder lacks cannot be chosen. */
  async #showSizes(): Promise<void> {
    const { url } = this.read()
    const sizes = await modelSizes(url)
    if (this.read().url !== url) return
    for (const option of select('dtype').options) {
      const size = sizes.get(option.value as Dtype)
      if (option.value === 'auto') continue
      option.disabled = sizes.size > 0 && size === undefined
      option.textContent = size === undefined ? option.value : `${option.value} (${bytes(size)})`
    }
    const list = [...sizes].map(([dtype, size]) => `${bytes(size)} in ${dtype}`)
    const [least, most] = [Math.min(...sizes.values()), Math.max(...sizes.values())]
    this.#unloaded = `not loaded${sizes.size === 0 ? '' : `, ${bytes(least)}${most > least ? ` to ${bytes(most)}` : ''}`}`
    if (element('info').childElementCount === 0) this.showLoaded(undefined)
    element('size').textContent = list.length > 0 ? `ICT and HP together: ${list.join(', ')}.` : ''
  }

  async #empty(): Promise<void> {
    try {
      await clearCache()
      await this.showKept()
      element('kept').focus()
    } catch (error) {
      this.onProblem(error)
    }
  }
}

/** One line for the progress bar. */
export function progressText({ stage, item, loaded, total, unit }: Progress): string {
  if (unit === 'bytes')
    return `${stage === 'download' ? 'Downloading' : 'Checking'} the model: ${bytes(loaded)}${total ? ` of ${bytes(total)}` : ''}`
  return stage === 'load' ? `Starting ${item}` : `${stage} ${item}`
}

const deviceName = (device: Device): string =>
  (({ webgpu: 'WebGPU', wasm: 'WebAssembly' }) as Partial<Record<Device, string>>)[device] ?? device

function facts(infos: readonly ScorerInfo[], models: Models): HTMLElement {
  const list = create('dl', { className: 'facts' })
  const add = (term: string, text: string): void =>
    list.append(create('div', {}, create('dt', {}, term), create('dd', {}, text)))
  for (const { kind, model, dtype, device, measured } of infos) {
    add(kind.toUpperCase(), `${model}, ${dtype} on ${deviceName(device)}`)
    if (!measured) continue
    const { score, against, ranking, device: where } = measured
    const order = ranking ? `; Kendall τ of the order ${ranking.kendallTau.mean.toFixed(3)}` : ''
    add(
      `${kind.toUpperCase()} beside ${against}`,
      `scores off by ${score.max.toPrecision(2)} at most, ${score.mean.toPrecision(2)} on average${order} (measured on ${where})`,
    )
  }
  const [{ backend, decoder }] = infos as [ScorerInfo]
  const threads = crossOriginIsolated
    ? `${plural(navigator.hardwareConcurrency, 'core')}, threads allowed`
    : 'one thread: the page is not cross-origin isolated'
  add('Runtime', `${backend}; ${threads}; images by ${decoder}`)
  for (const note of new Set(infos.flatMap(({ notes }) => notes))) add('Note', note)
  add('Encoded so far', `${plural(models.pictures, 'picture')}, ${plural(models.prompts, 'prompt')}`)
  return list
}
