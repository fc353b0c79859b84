import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../../../base/environment.ts'
import type { Credentials } from './credentials.ts'

type Section = Readonly<Record<string, string | undefined>>

/** Of `AWS_PROFILE` (else `default`) in ~/.aws/credentials, else in ~/.aws/config. */
export async function fromProfile(env: Environment): Promise<Credentials | undefined> {
  const name = env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE'] || 'default'
  const folder = join(homedir(), '.aws')
  const credentials = env['AWS_SHARED_CREDENTIALS_FILE'] ?? join(folder, 'credentials')
  const config = env['AWS_CONFIG_FILE'] ?? join(folder, 'config')
  return (
    credentialsIn(await sectionOf(credentials, [name])) ??
    credentialsIn(await sectionOf(config, [`profile ${name}`, ...(name === 'default' ? [name] : [])]))
  )
}

function credentialsIn(section: Section): Credentials | undefined {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = section
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, sessionToken: section['aws_session_token'] }
}

async function sectionOf(path: string, names: readonly string[]): Promise<Section> {
  const text = await readFile(path, 'utf8').catch(() => '')
  const values: Record<string, string> = {}
  let inside = false
  for (const line of text.split(/\r?\n/).map((each) => each.trim())) {
    const [, title] = /^\[([^\]]*)\]/.exec(line) ?? []
    if (title !== undefined) inside = names.includes(title.trim().replace(/\s+/, ' '))
    const equals = line.indexOf('=')
    if (inside && equals > 0 && !/^[#;]/.test(line))
      values[line.slice(0, equals).trim().toLowerCase()] = line.slice(equals + 1).trim()
  }
  return values
}
