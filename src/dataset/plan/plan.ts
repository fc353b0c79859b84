import { DatasetError } from '../../base/errors.ts'
import { VERSION } from '../../base/version.ts'
import { identityOf } from '../sources/address.ts'
import type { FoundInput } from '../sources/find-inputs.ts'
import type { Shard } from '../sources/shard.ts'
import type { Store } from '../store/store.ts'
import { storedJson } from '../store/stored-json.ts'
import { cutInput } from './cut-input.ts'
import { type DatasetModels, type DatasetSettings, requireSame } from './settings.ts'

/** Raised when a reader of the old number could misread the new one. */
const FORMAT = 1
const FOLDER = 'plan/'
const MODELS = 'models.json'

/** Which shards there are: the first plan of an output, or what a later look at the sources added. Written once. */
interface PlanFile {
  readonly format: number
  /** The version of icthp that wrote it. */
  readonly library: string
  readonly settings: DatasetSettings
  readonly inputs: readonly Omit<FoundInput, 'names'>[]
  readonly shards: readonly Shard[]
}

/** All that an output knows of its sources. */
export interface Plan {
  readonly settings: DatasetSettings
  readonly inputs: readonly Omit<FoundInput, 'names'>[]
  readonly shards: readonly Shard[]
  /** Files that it is written in. */
  readonly files: number
}

/** Throws `DatasetError` `dataset_part_missing` where nothing was planned. */
export async function requirePlan(out: Store): Promise<Plan> {
  const plan = await readPlan(out)
  if (plan) return plan
  throw new DatasetError(
    'dataset_part_missing',
    `${out.address} holds no plan of a dataset: nothing was scored or enqueued there. Check --out.`,
    { store: out.address },
  )
}

export async function readPlan(out: Store): Promise<Plan | undefined> {
  const files: PlanFile[] = []
  for (;;) {
    const bytes = await out.read(planName(files.length))
    if (!bytes) break
    files.push(parse(bytes, `${out.address}${planName(files.length)}`))
  }
  const [first] = files
  if (!first) return undefined
  // A folder that has grown is told by its last count.
  const inputs = new Map(
    files.flatMap((file) => file.inputs.map((input) => [identityOf(input.address), input])),
  )
  return {
    settings: first.settings,
    inputs: [...inputs.values()],
    shards: files.flatMap(({ shards }) => shards),
    files: files.length,
  }
}

const planName = (n: number): string => `${FOLDER}${String(n).padStart(5, '0')}.json`

function parse(bytes: Uint8Array, where: string): PlanFile {
  const file = storedJson<PlanFile>(bytes, where, ({ format, settings, inputs, shards }) => {
    if (format !== FORMAT) return typeof format === 'number'
    return typeof settings === 'object' && Array.isArray(inputs) && Array.isArray(shards)
  })
  if (file.format === FORMAT) return file
  throw new DatasetError(
    'dataset_settings_differ',
    `${where} was written by icthp ${file.library} (format ${file.format}); this version reads ${FORMAT}. Use that version.`,
    { where, format: file.format },
  )
}

export interface PlanOptions {
  /** Images in a shard of loose files, lines in one of a JSONL file. */
  readonly shardSize: number
  readonly signal?: AbortSignal | undefined
}

/**
 * The plan of an output, with the shards of these sources in it. Whoever is first writes it; sources that are new are added. Throws
 * `DatasetError`: `dataset_settings_differ`, `dataset_source_invalid` where a source has changed since.
 */
export async function makePlan(
  out: Store,
  found: readonly FoundInput[],
  settings: DatasetSettings,
  options: PlanOptions,
): Promise<Plan> {
  for (;;) {
    const plan = await readPlan(out)
    if (plan) requireSame(plan.settings, settings, out.address)
    const news = found.filter((input) => isNew(input, plan))
    if (plan && news.length === 0) return signedAs(plan, found)
    const shards: Shard[] = []
    for (const input of news)
      for await (const shard of cutInput(out, input, plan, options)) shards.push(shard)
    const file: PlanFile = {
      format: FORMAT,
      library: VERSION,
      settings,
      inputs: news.map(({ names: _, ...input }) => input),
      shards,
    }
    // Somebody else may have been faster: then theirs is looked at.
    await out.create(planName(plan?.files ?? 0), new TextEncoder().encode(JSON.stringify(file)))
  }
}

/** With addresses as they are signed now: those that were planned may have expired. */
function signedAs(plan: Plan, found: readonly FoundInput[]): Plan {
  const now = new Map(found.map(({ address }) => [identityOf(address), address]))
  const shards = plan.shards.map((shard) => {
    const address = now.get(identityOf(shard.address)) ?? shard.address
    return address === shard.address ? shard : { ...shard, address }
  })
  return { ...plan, shards }
}

/** Throws `DatasetError` `dataset_source_invalid` where a file is not what it was. */
function isNew(input: FoundInput, plan: Plan | undefined): boolean {
  const named = identityOf(input.address)
  const known = plan?.inputs.find(({ address }) => identityOf(address) === named)
  if (!known) return true
  if (input.kind === 'files') return known.digest !== input.digest
  if (known.size === input.size) return false
  throw new DatasetError(
    'dataset_source_invalid',
    `${input.address} has ${input.size} bytes and had ${known.size} when it was planned: its rows would be of two datasets. ` +
      'Start anew with another --out.',
    { source: input.address, size: input.size, planned: known.size },
  )
}

/** Makes sure that all parts of an output are of the same models. The first to score says which. */
export async function agreeOnModels(out: Store, models: DatasetModels): Promise<void> {
  await out.create(MODELS, new TextEncoder().encode(JSON.stringify(models)))
  requireSame((await readModels(out)) ?? {}, models, out.address)
}

export async function readModels(out: Store): Promise<DatasetModels | undefined> {
  const bytes = await out.read(MODELS)
  return bytes && storedJson<DatasetModels>(bytes, out.address + MODELS, (models) => !Array.isArray(models))
}
