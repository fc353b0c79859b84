import type { FoundPrompt } from '../image-prompt.ts'
import { asObject, get, getText, parseJson, parseObject } from '../json-value.ts'
import type { TextFields } from '../text-fields.ts'
import { promptOfSampler, promptOfTold, type Side } from './conditioning.ts'
import { type Graph, type Node, readGraph } from './graph.ts'
import { findRoots } from './roots.ts'
import { isSampler, isTold, PictureLinks, samplersAbove } from './samplers.ts'
import { RUNTIME, Walk } from './walk.ts'
import { readWorkflow } from './workflow.ts'

/** Where savers put the graph, beside a chunk of its own. */
const KEYS = [
  'UserComment',
  'ImageDescription',
  'MakerNote',
  'Comment',
  'parameters',
  'Model',
  'Make',
  'XPComment',
]

/** The prompt of a ComfyUI graph, or of the editor's workflow where there is no graph. */
export function findComfy(fields: TextFields, name?: string): FoundPrompt | 'runtime-text' | undefined {
  let isRuntime = false
  let empty: FoundPrompt | undefined
  for (const { value, where } of values(fields)) {
    const told = extraPrompt(value)
    if (told) return { ...told, where }
    const graph = readGraph(value) ?? readWorkflow(value)
    const answer = graph && promptOfGraph(graph, name)
    if (answer === RUNTIME) isRuntime = true
    else if (answer && answer.prompt !== '') return { ...answer, where }
    else if (answer) empty ??= { ...answer, where }
    // The workflow of a graph that cannot tell cannot either.
    if (isRuntime) return 'runtime-text'
  }
  return empty
}

/** All that may be a graph: graphs before workflows. */
function* values(fields: TextFields): Generator<{ readonly value: unknown; readonly where: string }> {
  const held = ['prompt', ...KEYS].flatMap((key) => {
    const field = fields.get(key)
    const value = parseObject(field?.text)
    return field && value ? [{ value, where: field.where }] : []
  })
  for (const { value, where } of held) {
    // `{"prompt": {…}, "workflow": {…}}`, whose parts may be texts.
    const inner = partOf(value, 'prompt')
    if (inner) yield { value: inner, where }
    yield { value, where }
  }
  const workflow = fields.get('workflow')
  if (workflow) yield { value: parseObject(workflow.text), where: workflow.where }
  for (const { value, where } of held) yield { value: partOf(value, 'workflow'), where }
}

function partOf(value: unknown, key: string): unknown {
  const part = get(value, key)
  return typeof part === 'string' ? parseObject(part) : asObject(part)
}

/** Civitai's generator adds what its user asked for. */
function extraPrompt(value: unknown): Omit<FoundPrompt, 'where'> | undefined {
  const extra = get(value, 'extraMetadata') ?? get(get(value, 'extra'), 'extraMetadata')
  const object = typeof extra === 'string' ? parseJson(extra) : extra
  const prompt = getText(object, 'prompt')
  if (prompt === undefined) return undefined
  return { prompt, negative: getText(object, 'negativePrompt', 'negative_prompt'), format: 'civitai' }
}

type GraphPrompt = Omit<FoundPrompt, 'where'> | typeof RUNTIME | undefined

function promptOfGraph(graph: Graph, name: string | undefined): GraphPrompt {
  const walk = new Walk(graph)
  const pictures = new PictureLinks(graph)
  const roots = findRoots(graph, name).slice(0, 16)
  const found = (isWanted: typeof isSampler, tell: typeof promptOfSampler): GraphPrompt => {
    // Each sampler once, however many outputs lead to it; a graph of nothing but outputs is not walked for ever.
    const samplers = new Set(roots.flatMap((root) => samplersAbove(root, pictures, isWanted)))
    return firstPrompt(samplers, (sampler, side) => tell(walk, sampler, side))
  }
  return found(isSampler, promptOfSampler) ?? found(isTold, promptOfTold)
}

function firstPrompt(
  samplers: Iterable<Node>,
  tell: (sampler: Node, side: Side) => string | typeof RUNTIME,
): GraphPrompt {
  let isEmpty = false
  for (const sampler of samplers) {
    const prompt = tell(sampler, 'positive')
    if (prompt === RUNTIME) return RUNTIME
    if (prompt.trim() === '') isEmpty = true
    else {
      const negative = tell(sampler, 'negative')
      return { prompt, negative: negative === RUNTIME ? null : negative, format: 'comfyui' }
    }
  }
  return isEmpty ? { prompt: '', format: 'comfyui' } : undefined
}
