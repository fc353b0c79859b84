import type { Environment } from '../../../base/environment.ts'
import { InputError, show } from '../../../base/errors.ts'
import { send } from '../send.ts'
import { type Credentials, parseAnswer, readToken } from './credentials.ts'

/** Those of ECS and EKS, and this machine. */
const TRUSTED = new Set([
  '169.254.170.2',
  '169.254.170.23',
  '[fd00:ec2::23]',
  'localhost',
  '127.0.0.1',
  '[::1]',
])

/** Of a task's or a pod's role: ECS and AWS Batch give a path, EKS an address and a token. */
export async function fromContainer(env: Environment): Promise<Credentials | undefined> {
  const path = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  const given = path ? `http://169.254.170.2${path}` : env['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  if (!given) return undefined
  const url = trusted(given)
  const variable = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'
  const file = env[variable]
  const token = file ? await readToken(variable, file) : env['AWS_CONTAINER_AUTHORIZATION_TOKEN']
  const headers: Record<string, string> = token ? { authorization: token } : {}
  const { body } = await send(() => new Request(url, { headers }))
  return parseAnswer(body, url)
}

/** The token must not go to anybody else in the clear. */
function trusted(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && TRUSTED.has(url.hostname))) return url.href
  throw new InputError(
    'input_invalid_option',
    `AWS_CONTAINER_CREDENTIALS_FULL_URI is ${show(given)}: neither https:// nor an address of ECS, EKS or this machine.`,
  )
}
