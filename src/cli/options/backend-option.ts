import type { Command } from 'commander'
import type { RemoteOptions } from '../../backend/remote/remote-options.ts'
import type { Environment } from '../../base/environment.ts'

export interface BackendFlags {
  readonly backend?: readonly string[]
}

/** Where the towers run, if not here. */
export function addBackendOption(command: Command): Command {
  return command.option(
    '--backend <url>',
    'run the towers at a server of the Open Inference Protocol (Triton, KServe, icthp, …), http://HOST:PORT or ' +
      'grpc://HOST:PORT; several, with commas or given again, share the work. No weights are downloaded',
    (text: string, previous: readonly string[] | undefined) => [
      ...(previous ?? []),
      ...text
        .split(',')
        .map((url) => url.trim())
        .filter((url) => url !== ''),
    ],
  )
}

/** A token comes from the environment, since arguments are seen by everybody on the machine. */
export function remoteOptions({ backend }: BackendFlags, env: Environment): RemoteOptions | undefined {
  if (backend === undefined) return undefined
  const token = env['ICTHP_BACKEND_TOKEN']
  return { url: backend, ...(token ? { headers: { authorization: `Bearer ${token}` } } : {}) }
}
