import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { InputError, show } from '../../base/errors.ts'
import { DEFAULT_RETRY, type RetryPolicy } from '../http/retry.ts'

/** Where models come from and where they are kept. Everything has the default that Python's `huggingface_hub` has. */
export interface NodeHubOptions {
  /** Default `HF_ENDPOINT`, else `https://huggingface.co`. */
  readonly endpoint?: string | undefined
  /** Default `HF_TOKEN`, else the file that `hf auth login` writes. Sent to the endpoint only, never to a redirect's host. */
  readonly token?: string | undefined
  /** The Hugging Face cache; default `HF_HUB_CACHE`, else `$HF_HOME/hub`, else `$XDG_CACHE_HOME/huggingface/hub`. */
  readonly cacheDir?: string | undefined
  /** For models that are named by URL; default `ICTHP_CACHE`, else `$XDG_CACHE_HOME/icthp`, else `~/.cache/icthp`. */
  readonly urlCacheDir?: string | undefined
  /** Ask no server, use what is cached; default `HF_HUB_OFFLINE`. */
  readonly offline?: boolean | undefined
  readonly retry?: Partial<RetryPolicy> | undefined
}

export interface HubSettings {
  /** Without a slash at the end. */
  readonly endpoint: string
  readonly token: string | undefined
  readonly cacheDir: string
  readonly urlCacheDir: string
  readonly offline: boolean
  readonly retry: RetryPolicy
}

/**
 * Reads the environment as `huggingface_hub` does, except that an empty variable counts as none. Throws `InputError`
 * `input_invalid_option`.
 */
export function hubSettings(options: NodeHubOptions = {}, env: NodeJS.ProcessEnv = process.env): HubSettings {
  for (const name of ['endpoint', 'token', 'cacheDir', 'urlCacheDir'] as const) {
    const value: unknown = options[name]
    if (value === undefined || typeof value === 'string') continue
    // Not its value, which may hold a token.
    throw new InputError('input_invalid_option', `${name} is a text, not ${typeof value}.`, { name })
  }
  const cache = folder(env['XDG_CACHE_HOME'], env) ?? join(homedir(), '.cache')
  const home = folder(env['HF_HOME'], env) ?? join(cache, 'huggingface')
  return {
    endpoint: checkEndpoint(options.endpoint || env['HF_ENDPOINT'] || 'https://huggingface.co'),
    token: clean(options.token) ?? implicitToken(home, env),
    cacheDir: resolve(
      options.cacheDir ??
        folder(env['HF_HUB_CACHE'], env) ??
        folder(env['HUGGINGFACE_HUB_CACHE'], env) ??
        join(home, 'hub'),
    ),
    urlCacheDir: resolve(options.urlCacheDir ?? folder(env['ICTHP_CACHE'], env) ?? join(cache, 'icthp')),
    offline: options.offline ?? isTrue(env['HF_HUB_OFFLINE'] || env['TRANSFORMERS_OFFLINE']),
    retry: { ...DEFAULT_RETRY, ...options.retry },
  }
}

/** Without the slashes at its end. Throws `InputError` `input_invalid_option`. */
function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    throw new InputError(
      'input_invalid_option',
      `The hub's address is ${show(text)} (HF_ENDPOINT, or endpoint), which is none. Write it whole: https://….`,
      { endpoint: text },
    )
  }
  let end = text.length
  while (text[end - 1] === '/') end--
  return text.slice(0, end)
}

/** `~` at the start of a path. */
export function expandHome(path: string): string {
  return path.replace(/^~(?=$|[\\/])/, () => homedir())
}

function implicitToken(home: string, env: NodeJS.ProcessEnv): string | undefined {
  if (isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return undefined
  const given = clean(env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN'])
  if (given !== undefined) return given
  try {
    return clean(readFileSync(folder(env['HF_TOKEN_PATH'], env) ?? join(home, 'token'), 'utf8'))
  } catch {
    // Not logged in, or the file is not ours to read; a repository that needs a token will say so.
    return undefined
  }
}

/** Tokens are pasted, and pasted ones bring line ends along; a header may not hold them. */
function clean(token: string | undefined): string | undefined {
  return token?.replace(/[\r\n]/g, '').trim() || undefined
}

function folder(value: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (!value) return undefined
  const variable = /\$(?:(\w+)|\{(\w+)\})/g
  return expandHome(value).replace(
    variable,
    (whole, bare: string, braced: string) => env[bare ?? braced] ?? whole,
  )
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '')
}
