import { type PulledRepository, pullFiles, type PullOptions } from '../hub/huggingface/pull-node.ts'
import { OFFICIAL_MODELS, type OfficialName } from './official.ts'

export interface PullOfficialOptions extends PullOptions {
  /** Branch, tag or commit of each repository; default `main`. */
  readonly revisions?: Partial<Record<OfficialName, string | undefined>> | undefined
}

/**
 * Brings the official checkpoints and the base model's config into the Hugging Face cache, and returns their folders and
 * commits, as `icthp convert --ict DIR --hp DIR --base DIR` takes them. Throws `DownloadError`.
 */
export async function pullOfficial(
  options: PullOfficialOptions = {},
): Promise<Record<OfficialName, PulledRepository>> {
  // The small config first: what is wrong with network or token shows before gigabytes have come.
  const names = ['base', 'hp', 'ict'] as const
  const requests = names.map((name) => {
    const { repository, revision, files } = OFFICIAL_MODELS[name]
    return { repository, files, revision: options.revisions?.[name] ?? revision }
  })
  const [base, hp, ict] = await pullFiles(requests, options)
  return { ict: ict!, hp: hp!, base: base! }
}
