import { Argument, type Command, InvalidArgumentError, Option } from 'commander'
import { MOST_MS } from '../../../base/waiting/timer-limit.ts'
import {
  EMBEDDING_TYPES,
  type EmbeddingType,
  PART_FORMATS,
  type PartFormat,
  PROMPT_PLACES,
  type PromptPlace,
} from '../../../dataset/plan/settings.ts'
import type { ColumnNames } from '../../../dataset/sources/shard.ts'
import { allKinds, type ModelKind } from '../../../models/kinds.ts'
import {
  addModelOptions,
  addSpeedOptions,
  type CommonFlags,
  finiteNumber,
  type ImageFlags,
  type ModelFlags,
  once,
  wholeNumber,
} from '../../options/common-options.ts'

export interface OutFlags extends CommonFlags {
  readonly out: string
  readonly json?: true
}

export interface PlanFlags extends OutFlags {
  readonly only?: ModelKind
  readonly prompt?: string
  readonly promptFrom?: PromptPlace
  readonly plain?: true
  readonly columns?: ColumnNames
  readonly format?: PartFormat
  readonly embeddings?: EmbeddingType
  readonly shardSize?: number
  readonly retryFailed?: true
}

export interface DatasetRunFlags extends OutFlags, ModelFlags, ImageFlags {
  readonly cache?: string
  readonly jobs?: number
}

export interface QueueFlags {
  readonly redis?: string
  readonly queue?: string
}

export function addSources(command: Command): Command {
  return command
    .addArgument(
      new Argument(
        '<SOURCE...>',
        'folders, .tar, .parquet, .jsonl, images; paths, http(s):// and s3:// addresses',
      ),
    )
    .requiredOption('-o, --out <dir>', 'folder or s3://bucket/prefix for the parts', once)
    .option('-p, --prompt <text>', 'one prompt for all images', once)
    .addOption(
      new Option(
        '--prompt-from <place>',
        "each image's own: of its row (the default for tables and tars), its metadata or its name",
      )
        .choices(PROMPT_PLACES)
        .conflicts(['prompt']),
    )
    .option('--plain', 'score prompts without weights, LoRA tags, BREAK and scheduling')
    .addOption(
      new Option('--only <scorer>', 'load and run this one alone').choices(
        allKinds().map(({ name }) => name),
      ),
    )
    .option('--columns <names>', 'columns of tables: image=path,prompt=caption,key=id', columnNames)
    .addOption(new Option('--format <name>', 'of the parts (default: parquet)').choices(PART_FORMATS))
    .addOption(
      new Option('--embeddings <type>', 'keep image embeddings in the parts').choices(EMBEDDING_TYPES),
    )
    .option('--shard-size <n>', 'loose images or lines of JSONL in a shard (default: 1000)', wholeNumber(1))
    .option('--retry-failed', 'make rows of images that failed anew, and no others')
    .option('--json', 'one JSON document')
}

export function addRun(command: Command): Command {
  return addSpeedOptions(addModelOptions(command))
    .option('--max-pixels <n>', 'refuse images of more pixels, before decoding them', wholeNumber(1))
    .option('--no-sharp', 'decode with WebAssembly even where sharp is installed; both give the same pixels')
    .option(
      '--cache <dir>',
      'keep what the vision towers answer; an image that was seen costs none again',
      once,
    )
    .option('--jobs <n>', 'shards that are worked at together (default: 2)', wholeNumber(1))
}

export const addQueue = (command: Command): Command =>
  command
    .option('--redis <url>', 'redis://[:password@]host[:port] (default: $REDIS_URL)', once)
    .option('--queue <name>', "name of the queue (default: one of the output's own)", once)

/** `image=a,image=b,prompt=c`. */
function columnNames(text: string): ColumnNames {
  const image: string[] = []
  const others: { prompt?: string; key?: string } = {}
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=')
    const [use, name] = [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()]
    if (use === 'image' && name !== '') image.push(name)
    else if ((use === 'prompt' || use === 'key') && name !== '') others[use] = name
    else
      throw new InvalidArgumentError(
        'It is image=NAME,prompt=NAME,key=NAME; image may be given several times.',
      )
  }
  return image.length > 0 ? { image, ...others } : others
}

export function seconds(text: string): number {
  const value = finiteNumber(text)
  const most = Math.floor(MOST_MS / 1000)
  if (value < 1 || value > most) throw new InvalidArgumentError(`It must be from 1 to ${most}.`)
  return value
}
