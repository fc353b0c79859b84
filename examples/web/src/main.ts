// A page that ranks pictures with icthp in the tab. models.ts is all there is to using the library; the rest is the page.
import { ImageError, type Ranking, rankScores } from 'icthp/web'
import { element } from './element.ts'
import { plural, score } from './format.ts'
import { takeImages } from './image-intake.ts'
import { ModelPanel, progressText } from './model-panel.ts'
import { Models } from './models.ts'
import { keepForOffline } from './offline.ts'
import { OrderControls, ruleName } from './order-controls.ts'
import { type Picture, RankingList } from './ranking-list.ts'

let pictures: Picture[] = []
let models: Models | undefined
let prompt: { readonly text: string; readonly embeds: Float32Array } | undefined
let running: AbortController | undefined
let ids = 0
let telling: ReturnType<typeof setTimeout> | undefined
let typing: ReturnType<typeof setTimeout> | undefined

const offline = keepForOffline()
const promptField = element<HTMLTextAreaElement>('prompt')
const panel = new ModelPanel(() => void unload(), problem)
const order = new OrderControls(() => {
  const best = show()
  clearTimeout(telling)
  telling = setTimeout(() => best && say(`Best by ${ruleName(order.read(Boolean(prompt)))}: ${best}.`), 500)
})
const list = new RankingList((picture) => {
  pictures = pictures.filter(({ id }) => id !== picture.id)
  URL.revokeObjectURL(picture.url)
  show()
  say(`${picture.name} removed.`)
})

takeImages((files) => {
  pictures.push(
    ...files.map((file): Picture => ({
      id: ids++,
      name: file.name || 'pasted picture',
      file,
      url: URL.createObjectURL(file),
      state: 'waiting',
    })),
  )
  show()
  say(`${plural(files.length, 'picture')} added.`)
}, problem)
element('form').addEventListener('submit', (event) => {
  event.preventDefault()
  void run()
})
// Once the pictures are encoded, another prompt costs one run of the text tower: rank while the user types.
promptField.addEventListener('input', () => {
  clearTimeout(typing)
  typing = setTimeout(() => {
    if (models && pictures.every(({ state }) => state !== 'waiting')) void run()
  }, 600)
})
promptField.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  void run()
})
element('cancel').addEventListener('click', () => running?.abort(new DOMException('Cancelled', 'AbortError')))
element('clear').addEventListener('click', () => {
  running?.abort(new DOMException('Cancelled', 'AbortError'))
  for (const { url } of pictures) URL.revokeObjectURL(url)
  pictures = []
  show()
  say('All pictures removed.')
  element('ranking-title').focus()
})
element<HTMLDetailsElement>('more-order').open = matchMedia('(min-width: 900px)').matches
show()

/** Encodes what is not encoded yet, and ranks. */
async function run(): Promise<void> {
  if (running) return
  if (pictures.length === 0) return say('Add pictures first: choose, drop or paste them, or use the samples.')
  const { signal } = (running = new AbortController())
  element('problem').hidden = true
  busy(true)
  const started = performance.now()
  let done = false
  try {
    await Promise.race([offline, new Promise((resolve) => setTimeout(resolve, 3000))])
    if (!models) say('Loading the model.') // also for those who do not see the bar
    models ??= await load(signal)
    const text = promptField.value.trim()
    if (text !== prompt?.text)
      prompt = text === '' ? undefined : { text, embeds: await models.embedPrompt(text, signal) }
    show()
    say(`Scoring ${plural(pictures.length, 'picture')}.`)
    for (let next; (next = pictures.find(({ state }) => state === 'waiting'));)
      await encode(next, models, signal)
    const best = show()
    const failed = pictures.filter(({ state }) => state === 'failed').length
    const took = ((performance.now() - started) / 1000).toFixed(1)
    say(
      `Ranked ${plural(pictures.length - failed, 'picture')} in ${took} s${best ? `. Best: ${best}` : ''}.${failed ? ` ${plural(failed, 'picture')} could not be read.` : ''}`,
    )
    done = true
  } catch (error) {
    if (signal.aborted)
      say(
        `Cancelled: ${pictures.filter(({ state }) => state === 'scored').length} of ${plural(pictures.length, 'picture')} scored.`,
      )
    else problem(error)
  } finally {
    running = undefined
    busy(false)
    show()
    panel.showLoaded(models)
    void panel.showKept()
  }
  // Another prompt was typed meanwhile.
  if (done && promptField.value.trim() !== (prompt?.text ?? '')) void run()
}

async function load(signal: AbortSignal): Promise<Models> {
  const { url, ...choice } = panel.read()
  const loaded = await Models.load(url, {
    ...choice,
    signal,
    onProgress: (step) =>
      progress(progressText(step), step.unit === 'bytes' ? step.loaded : undefined, step.total),
  })
  panel.showLoaded(loaded)
  return loaded
}

async function encode(picture: Picture, models: Models, signal: AbortSignal): Promise<void> {
  const done = pictures.filter(({ state }) => state === 'scored' || state === 'failed').length
  progress(`Scoring ${picture.name}: ${done + 1} of ${pictures.length}`, done, pictures.length)
  picture.state = 'working'
  show()
  try {
    picture.encoded = await models.encode(picture.file, signal)
    picture.state = 'scored'
  } catch (error) {
    picture.state = 'waiting'
    if (signal.aborted || !(error instanceof ImageError)) throw error
    picture.state = 'failed'
    picture.error = error
  }
  show()
}

/** Another model: its scores have nothing to do with those that are there. */
async function unload(): Promise<void> {
  running?.abort(new DOMException('Cancelled', 'AbortError'))
  const old = models
  models = undefined
  prompt = undefined
  for (const picture of pictures)
    if (picture.state === 'scored') Object.assign(picture, { state: 'waiting', encoded: undefined })
  panel.showLoaded(undefined)
  show()
  await old?.dispose()
}

/** Ranks what is encoded, from the embeddings that were kept. Returns the best in words. */
function show(): string | undefined {
  const chosen = order.read(Boolean(prompt))
  const ready = models
    ? pictures.flatMap(({ encoded }, index) =>
        encoded ? [{ index, scores: models!.scores(encoded, prompt?.embeds) }] : [],
      )
    : []
  const { results }: Pick<Ranking, 'results'> = ready.length > 0 ? rankScores(ready, chosen) : { results: [] }
  list.show(pictures, results, chosen)
  element('empty').hidden = pictures.length > 0
  element('clear').hidden = pictures.length === 0
  element('rule').textContent = results.length > 0 ? `by ${ruleName(chosen)}` : ''
  const [best] = results
  return best && `${pictures[best.index]!.name}, ${score(best.score)}`
}

function say(text: string): void {
  element('status').textContent = text
}

function problem(error: unknown): void {
  element('problem').textContent = error instanceof Error ? error.message : String(error)
  element('problem').hidden = false
  say('')
}

function busy(now: boolean): void {
  element('working').hidden = !now
  element('cancel').hidden = !now
  const rank = element<HTMLButtonElement>('rank')
  const focused = document.activeElement === rank
  rank.hidden = now
  if (now && focused) element('cancel').focus()
  else if (!now && document.activeElement === document.body) rank.focus()
  if (now) progress('Starting')
}

function progress(text: string, done?: number, total?: number): void {
  element('progress-label').textContent = text
  const bar = element<HTMLProgressElement>('progress')
  if (done === undefined || !total) return bar.removeAttribute('value')
  bar.max = total
  bar.value = done
}
