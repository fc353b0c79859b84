import { type Command, Option } from 'commander'
import { allKinds, kindNamed, type ModelKind, type RewardKind } from '../../models/kinds.ts'
import { type AnyRule, combineRules, type Weights } from '../../ranking/combine.ts'
import { modelNames } from '../../ranking/run-label.ts'
import type { RewardServer } from '../../server/create-reward-server.ts'
import type { GrpcServer } from '../../server/open-inference/grpc-server-node.ts'
import type { Context } from '../context.ts'
import { UsageError } from '../exit-codes.ts'
import {
  addCommonOptions,
  addModelOptions,
  addSpeedOptions,
  type CommonFlags,
  type ImageFlags,
  type ModelFlags,
  once,
  wholeNumber,
} from '../options/common-options.ts'
import { type RunScorers, withScorers } from '../scoring/with-scorers.ts'
import { parseWeights } from './rank.ts'
import { byteSize, hostList, portNumber } from './serve-values.ts'

interface ServeFlags extends CommonFlags, ImageFlags, ModelFlags {
  readonly only?: ModelKind
  readonly combine?: AnyRule
  readonly weights?: Partial<Weights>
  readonly host: string
  readonly port: number
  readonly grpcPort?: number
  readonly token?: string
  /** `false` for `--no-auth`. */
  readonly auth: boolean
  readonly pickle?: true
  readonly maxQueue?: number
  readonly maxQueueBytes?: number
  readonly maxBody?: number
  readonly timeout?: number
  readonly uploadTimeout?: number
  readonly allowUrls?: true
  readonly urlHosts?: readonly string[]
  readonly accessLog?: true
}

export function addServe(program: Command, context: Context): void {
  const command = program
    .command('serve')
    .summary('score over HTTP')
    .description(
      'Serves scores over HTTP: for apps, for trainers as they are, and for other machines that have no GPU. It listens on ' +
        'this machine alone unless --host says otherwise, and then wants a token. GET / is a page to try it, GET ' +
        '/openapi.json says what can be asked. SIGTERM and Ctrl-C: no new work is taken, what runs is answered, and it ends.',
    )
    .option('--host <address>', 'address to listen on; 0.0.0.0 for all', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 for any that is free', portNumber, 8000)
    .option(
      '--grpc-port <n>',
      'also serve the towers over gRPC there, for --backend of others (needs @grpc/grpc-js)',
      portNumber,
    )
    .option(
      '--token <text>',
      'what clients must send, as a bearer token or as the password of the address (default: $ICTHP_TOKEN, which `ps` does not show)',
      once,
    )
    .option('--no-auth', 'listen on another address without a token: anybody who reaches it may ask')
  addSpeedOptions(addModelOptions(command))
    .addOption(
      new Option('--only <scorer>', 'load and serve this one alone').choices(
        allKinds().map(({ name }) => name),
      ),
    )
    .addOption(
      new Option('--combine <rule>', 'what the reward /icthp is (default: weighted)').choices(combineRules()),
    )
    .option('--weights <weights>', 'for weighted: ict=0.5,hp=0.5 or 0.5,0.5', parseWeights)
  addLimits(command)
  command
    .option('--pickle', 'also take pickles of data, as flow_grpo, verl-omni and deepgen_rl send them')
    .option('--allow-urls', 'fetch pictures whose addresses are sent, from --url-hosts alone')
    .option(
      '--url-hosts <list>',
      'hosts for it: example.com,*.example.com, or "*" for any; never private addresses',
      hostList,
    )
    .option('--access-log', 'a line of JSON for every request, to stdout')
  addCommonOptions(command, [
    'icthp serve --model ict-hp-int8 --port 8000',
    'ICTHP_TOKEN=secret icthp serve --host 0.0.0.0 --access-log',
    'icthp serve --only hp --max-queue 256 --timeout 60',
    'curl -F image=@cat.png -F "prompt=a cat" http://127.0.0.1:8000/v1/score',
  ]).action((flags: ServeFlags) => serve(flags, context))
}

function addLimits(command: Command): void {
  command
    .option('--max-queue <images>', 'more that wait are refused with 429 (default: 1024)', wholeNumber(1))
    .option('--max-queue-bytes <size>', 'and more bytes that are held for them (default: 512MiB)', byteSize)
    .option('--max-body <size>', 'of one request (default: 128MiB)', byteSize)
    .option(
      '--max-pixels <n>',
      'refuse images of more pixels, before decoding them (default: 100 million)',
      wholeNumber(1),
    )
    .option('--timeout <seconds>', 'a request must be answered within (default: 300)', wholeNumber(1))
    .option(
      '--upload-timeout <seconds>',
      'and be here within, or it is cut off (default: 60)',
      wholeNumber(1),
    )
    .option('--no-sharp', 'decode with WebAssembly even where sharp is installed; both give the same pixels')
}

/** Decoding threads are kept: the next request must not wait for them to start. */
const KEEP_THREADS_SECONDS = 24 * 3600

async function serve(flags: ServeFlags, context: Context): Promise<void> {
  const { io, terminal } = context
  const tokens = tokensOf(flags, io.env)
  checkUrls(flags)
  checkRule(flags)
  const kinds: readonly RewardKind[] = flags.only === undefined ? allKinds() : [kindNamed(flags.only)]
  await withScorers(context, kinds, flags, { idleSeconds: KEEP_THREADS_SECONDS }, async (loaded) => {
    const server = await createServer(loaded, flags, tokens, context)
    const { serveOnNode } = await import('../../server/node/serve-node.ts')
    const { host, port, uploadTimeout } = flags
    const listening = await serveOnNode(server, { host, port, uploadSeconds: uploadTimeout })
    const grpc = await serveTowers(server, flags, tokens)
    terminal.clear()
    const { label } = loaded
    terminal.note(`${modelNames(label)}, ${label.dtype} on ${label.device}`)
    terminal.note(`listening on ${listening.url}${tokens ? ', for those who have the token' : ''}`)
    if (grpc) terminal.note(`gRPC on port ${grpc.port}`)
    context.endsWhenStopped = true
    await untilAborted(io.signal)
    await Promise.all([listening.close(), grpc?.close(GRPC_END_MS)])
  })
}

/** What runs is answered first; longer than any `--timeout` is likely to be. */
const GRPC_END_MS = 600_000

/** The Open Inference Protocol over gRPC, where it is asked for. */
async function serveTowers(
  { towers }: RewardServer,
  { host, grpcPort: port, maxBody }: ServeFlags,
  tokens: readonly string[] | undefined,
): Promise<GrpcServer | undefined> {
  if (port === undefined) return undefined
  const [{ serveGrpc }, { tokenTest }] = await Promise.all([
    import('../../server/open-inference/grpc-server-node.ts'),
    import('../../server/http/require-token.ts'),
  ])
  return serveGrpc(towers, { host, port, maxBytes: maxBody, authorize: tokens && tokenTest(tokens) })
}

async function createServer(
  { scorers }: RunScorers,
  flags: ServeFlags,
  tokens: readonly string[] | undefined,
  { terminal }: Context,
): Promise<RewardServer> {
  const [{ createRewardServer }, { prometheusMetrics }, { accessLine }] = await Promise.all([
    import('../../server/create-reward-server.ts'),
    import('../../server/node/prometheus-node.ts'),
    import('../../server/node/access-log-node.ts'),
  ])
  const { combine, weights, pickle, maxQueue, maxQueueBytes, maxBody, maxPixels, timeout } = flags
  const { urlHosts, accessLog } = flags
  const fetchPicture =
    urlHosts && (await import('../../server/node/fetch-picture-node.ts')).pictureFetcher({ hosts: urlHosts })
  return createRewardServer({
    scorers,
    combine,
    weights,
    tokens,
    pickle,
    maxQueue: { images: maxQueue, bytes: maxQueueBytes },
    maxBodyBytes: maxBody,
    maxPixels,
    timeoutSeconds: timeout,
    fetchPicture,
    metrics: prometheusMetrics(),
    onRequest: accessLog ? (served) => terminal.data(`${accessLine(served)}\n`) : undefined,
    onError: (error) => terminal.problem('error', messageOf(error)),
  })
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)

/** Who may ask. Throws `UsageError` where others could reach the server and nothing was said about it. */
function tokensOf(
  { token, auth, host }: ServeFlags,
  env: Context['io']['env'],
): readonly string[] | undefined {
  const given = token ?? env['ICTHP_TOKEN']
  if (token !== undefined && !auth) throw new UsageError('--token and --no-auth exclude each other.')
  if (given === '')
    throw new UsageError('The token is empty. Give one that cannot be guessed, or leave it out.')
  if (!auth) return undefined
  if (given !== undefined) return [given]
  if (isLoopback(host)) return undefined
  throw new UsageError(
    `--host ${host} can be reached by others. Set ICTHP_TOKEN (or --token), or say --no-auth to let anybody ask.`,
  )
}

const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host)

function checkUrls({ allowUrls, urlHosts }: ServeFlags): void {
  if (allowUrls && !urlHosts)
    throw new UsageError('--allow-urls needs --url-hosts: name the hosts that pictures may be fetched from.')
  if (urlHosts && !allowUrls) throw new UsageError('--url-hosts is for --allow-urls, which is not given.')
}

function checkRule({ only, combine, weights }: ServeFlags): void {
  if (only !== undefined && (combine !== undefined || weights !== undefined))
    throw new UsageError(`--combine and --weights are for several scorers: leave out --only ${only}.`)
  if (weights && combine !== undefined && combine !== 'weighted')
    throw new UsageError(`--weights is for --combine weighted, not for ${combine}.`)
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
