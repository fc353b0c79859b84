import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkObject } from '../base/check-object.ts'
import { DownloadError, ModelError, show } from '../base/errors.ts'
import { LocalFolder } from './files/folder-node.ts'
import { isErrno } from './files/stored-file-node.ts'
import { UrlFolder } from './http/url-folder-node.ts'
import type { ModelFolder, ModelHub, OpenOptions } from './hub.ts'
import { HubRepository } from './huggingface/hub-repository-node.ts'
import {
  expandHome,
  type HubSettings,
  hubSettings,
  type NodeHubOptions,
} from './huggingface/hub-settings-node.ts'
import { parseModelSource } from './model-source.ts'

export type { NodeHubOptions } from './huggingface/hub-settings-node.ts'

/**
 * Model folders for Node: local folders, URLs of folders, and hub repositories through the standard Hugging Face cache.
 * The environment (`HF_HOME`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, …) is read now, once.
 */
export function createNodeHub(options: NodeHubOptions = {}): ModelHub {
  checkObject(options, 'createNodeHub')
  const settings = hubSettings(options)
  return {
    async open(source, openOptions = {}) {
      openOptions.signal?.throwIfAborted()
      const named = parseModelSource(source, settings.endpoint)
      if (named.kind === 'url') return new UrlFolder(source, named.url, settings)
      if (named.kind === 'repository') {
        const revision = openOptions.revision ?? named.revision
        return HubRepository.open(source, named.repository, settings, { ...openOptions, revision })
      }
      const path = localPath(source)
      if (await isFolder(path, source)) return new LocalFolder(path, source)
      if (named.kind === 'name' && named.repository !== undefined) {
        return openRepository(source, path, settings, openOptions)
      }
      throw notFound(source, path)
    },
  }
}

/** `owner/name` that is no folder here: errors say that both were looked for. */
async function openRepository(
  repository: string,
  path: string,
  settings: HubSettings,
  options: OpenOptions,
): Promise<ModelFolder> {
  try {
    return await HubRepository.open(repository, repository, settings, options)
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error
    const message = `There is no folder ${path}, and taken as a hub repository: ${error.message}`
    throw new DownloadError(error.code, message, { ...error.details, path, cause: error })
  }
}

function localPath(source: string): string {
  return resolve(source.startsWith('file:') ? fileURLToPath(source) : expandHome(source))
}

async function isFolder(path: string, source: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw new ModelError('model_not_found', `${path} cannot be opened. Check its permissions.`, {
      source,
      path,
      cause: error,
    })
  }
  throw new ModelError(
    'model_not_found',
    `${path} is a file, and a model is a folder. Name the folder that it lies in.`,
    {
      source,
      path,
    },
  )
}

function notFound(source: string, path: string): ModelError {
  const lookedFor = path === source ? '' : `: looked for ${path}`
  return new ModelError(
    'model_not_found',
    `There is no model folder ${show(source)}${lookedFor}. Make one from the official checkpoints with ` +
      '`npx icthp pull`, or from your own with `npx icthp convert --ict DIR --hp DIR --out DIR`; a hub repository is ' +
      'written "owner/name".',
    { source, path },
  )
}
