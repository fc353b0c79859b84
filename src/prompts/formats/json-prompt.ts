import type { JsonObject } from '../../base/json-object.ts'
import type { FoundPrompt, PromptFormat } from '../image-prompt.ts'
import { asObject, get, getText, parseJson, parseObject } from '../json-value.ts'
import type { TextFields } from '../text-fields.ts'
import { promptOfInvoke } from './invokeai.ts'
import { promptOfNovelAi } from './novelai.ts'

/** Where generators put a JSON object that is about the picture. */
const KEYS = [
  'parameters',
  'sui_image_params',
  'invokeai_metadata',
  'sd-metadata',
  'UserComment',
  'MakerNote',
  'Comment',
  'generation_data',
  'prompt',
  'Model',
  'ImageDescription',
  'XPComment',
]

type Answer = Omit<FoundPrompt, 'where'>

/** The JSON of SwarmUI, InvokeAI, NovelAI, the Fooocus family, Easy Diffusion, TensorArt and Spaces. */
export function findJsonPrompt(fields: TextFields): FoundPrompt | undefined {
  const objects = KEYS.flatMap((key) => {
    const field = fields.get(key)
    const object = parseObject(field?.text)
    return field && object ? [{ key, object, where: field.where }] : []
  })
  // By who wrote it first, by where it lies second: SwarmUI's wins over what its backend left.
  for (const read of READERS) {
    for (const { key, object, where } of objects) {
      const answer = read(object, key, fields)
      if (answer) return { ...answer, where }
    }
  }
  return undefined
}

/** The prompt of an object that lies beside a picture. */
export function promptOfJson(object: JsonObject): Answer | undefined {
  for (const read of READERS) {
    const answer = read(object, '')
    if (answer) return answer
  }
  return undefined
}

type Reader = (object: JsonObject, key: string, fields?: TextFields) => Answer | undefined

const swarm: Reader = (object, key) => {
  const params =
    asObject(get(object, 'sui_image_params')) ?? (key === 'sui_image_params' ? object : undefined)
  const prompt = getText(params, 'prompt')
  if (prompt === undefined) return undefined
  return { prompt, negative: getText(params, 'negativeprompt'), format: 'swarmui' }
}

/** Draw Things' names are taken in XMP only; here `uc` and `prompt` are NovelAI's. */
const novelAi: Reader = (object, key, fields) =>
  promptOfNovelAi(object, key === 'Comment' ? fields : undefined)

const generic: Reader = (object, key, fields) => {
  const prompt = textOf(object, ['prompt', 'Prompt'])
  if (prompt === undefined || parseGraphLike(prompt)) return undefined
  return {
    prompt,
    negative: textOf(object, NEGATIVE_KEYS),
    format: genericFormat(object, key, fields),
    steps: Number(get(object, 'steps') ?? get(object, 'num_inference_steps')) || undefined,
  }
}

/** ComfyUI's graph as a text in a `prompt` of somebody's JSON. */
const parseGraphLike = (text: string): boolean =>
  text.startsWith('{') && asObject(parseJson(text)) !== undefined

const NEGATIVE_KEYS = [
  'negative_prompt',
  'negativePrompt',
  'negativeprompt',
  'Negative',
  'Negative Prompt',
  'negative-prompt',
  'negative',
  'uc',
]

const READERS: readonly Reader[] = [swarm, promptOfInvoke, novelAi, generic]

/** A text, or a list of texts. */
function textOf(object: JsonObject, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = get(object, key)
    if (typeof value === 'string') return value
    if (Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string'))
      return value.join(', ')
  }
  return undefined
}

function genericFormat(object: JsonObject, key: string, fields: TextFields | undefined): PromptFormat {
  const software = `${getText(object, 'software') ?? ''} ${getText(object, 'version') ?? ''}`
  const has = (name: string): boolean => get(object, name) !== undefined
  if (software.includes('RuinedFooocus') || (has('Prompt') && has('Negative'))) return 'ruined-fooocus'
  if (software.includes('MoonRide') || has('real_prompt')) return 'fooocus-mre'
  if (software.includes('Fooocus') || has('metadata_scheme') || has('full_prompt')) return 'fooocus'
  if (fields?.get('fooocus_scheme')) return 'fooocus'
  if (key === 'generation_data') return 'tensorart'
  if (
    has('Prompt') ||
    has('use_stable_diffusion_model') ||
    (key !== 'parameters' && has('num_inference_steps'))
  )
    return 'easy-diffusion'
  return key === 'Comment' ? 'fooocus-mre' : 'hf-space'
}
