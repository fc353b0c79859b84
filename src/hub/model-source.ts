import { InputError, show } from '../base/errors.ts'

/** What a user may write where a model is asked for. */
export type ModelSourceName =
  /** Written as a path: never looked for on the hub. */
  | { readonly kind: 'path' }
  /** The folder that holds the model, ending in `/`. */
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'repository'; readonly repository: string; readonly revision?: string }
  /** A bare name: a local folder where there is one, else the repository, where it can be one. */
  | { readonly kind: 'name'; readonly repository?: string }

// Two names of letters, digits, `-`, `_` and `.`, as the hub allows them; `.` and `..` are folders.
const REPOSITORY = /^(?!\.)[\w.-]{1,96}\/(?!\.)[\w.-]{1,96}$/
const WRITTEN_AS_PATH = /^(\.{1,2}$|\.{1,2}[\\/]|[\\/~]|[A-Za-z]:[\\/]|file:)/

/**
 * Tells paths, URLs and repository ids apart, without looking at the disk. `./x`, `../x`, `/x`, `~/x`, `C:\x` and
 * `file:` are always paths; `owner/name` is a {@link ModelSourceName} of kind `name`, since a folder may be called so.
 * A page of a repository on the hub (`<endpoint>/owner/name[/tree/revision]`) is that repository.
 */
export function parseModelSource(source: string, endpoint: string): ModelSourceName {
  if (typeof source !== 'string' || source.trim() === '') {
    throw new InputError(
      'input_invalid_option',
      `A model is named by a folder, a URL or a repository id such as "owner/name", not by ${show(source)}.`,
      { source },
    )
  }
  if (WRITTEN_AS_PATH.test(source)) return { kind: 'path' }
  if (/^https?:\/\//i.test(source)) return parseUrl(source, endpoint)
  return isRepositoryId(source) ? { kind: 'name', repository: source } : { kind: 'name' }
}

function isRepositoryId(text: string): boolean {
  return REPOSITORY.test(text) && !text.includes('--') && !text.includes('..')
}

function parseUrl(source: string, endpoint: string): ModelSourceName {
  if (!URL.canParse(source)) {
    throw new InputError(
      'input_invalid_option',
      `${show(source)} is not a URL that can be read. Check its spelling.`,
      { source },
    )
  }
  const url = new URL(source)
  const page = /^\/([^/]+\/[^/]+?)\/?(?:\/tree\/(.+?)\/?)?$/.exec(url.pathname)
  if (url.origin === new URL(endpoint).origin && page?.[1] !== undefined && isRepositoryId(page[1])) {
    const revision = page[2]
    const named = { kind: 'repository', repository: page[1] } as const
    return revision === undefined ? named : { ...named, revision: decodeURIComponent(revision) }
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  url.hash = ''
  return { kind: 'url', url: url.href }
}
