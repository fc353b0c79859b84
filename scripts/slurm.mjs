// Runs examples/dataset/slurm.sh on Slurm itself, on this machine alone: Debian's slurmctld and slurmd, started as root in a folder
// of their own, an array of four tasks over twelve shards, one of them killed and requeued. By hand, as root on Debian or Ubuntu:
//
//   npm run build && node scripts/slurm.mjs
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { packTar } from 'modern-tar'

const root = fileURLToPath(new URL('..', import.meta.url))
const cli = join(root, 'dist/cli/icthp.js')
const TASKS = 4
const SHARDS = 12
const SIZE = 6

if (!existsSync(cli)) throw new Error('There is no dist/: run `npm run build` first.')
if (!existsSync('/usr/sbin/slurmctld')) install()

const folder = mkdtempSync(join(tmpdir(), 'icthp-slurm-'))
const env = { ...process.env, SLURM_CONF: join(folder, 'slurm.conf') }
const daemons = []
try {
  configure()
  await startMunge()
  daemons.push(spawn('/usr/sbin/slurmctld', ['-D', '-i'], { env, stdio: 'ignore' }))
  daemons.push(spawn('/usr/sbin/slurmd', ['-D', '-N', 'here'], { env, stdio: 'ignore' }))
  await until('Slurm', () => slurm('sinfo', '-h', '-o', '%T').includes('idle'))
  await writeShards()
  await runArray()
  const status = JSON.parse(
    execFileSync(
      process.execPath,
      [cli, 'dataset', 'status', '--out', join(folder, 'out'), '--recount', '--json'],
      {
        encoding: 'utf8',
      },
    ),
  )
  if (!status.complete || status.rows.done !== SHARDS * SIZE) throw new Error(JSON.stringify(status, null, 1))
  process.stdout.write(
    `${status.shards.done} shards, ${status.rows.done} rows, none missing and none twice\n`,
  )
} finally {
  for (const daemon of daemons.reverse()) daemon.kill('SIGTERM')
  await sleep(1000)
  rmSync(folder, { recursive: true, force: true })
}

function install() {
  process.stdout.write('Installing Slurm with apt-get\n')
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  execFileSync('apt-get', ['-qq', 'update'], options)
  execFileSync(
    'apt-get',
    ['-qq', 'install', '-y', '--no-install-recommends', 'slurmctld', 'slurmd', 'slurm-client', 'munge'],
    options,
  )
}

function configure() {
  for (const name of ['state', 'spool', 'out']) mkdirSync(join(folder, name))
  const lines = {
    ClusterName: 'icthp',
    SlurmctldHost: `${hostname()}(127.0.0.1)`,
    SlurmUser: 'root',
    SlurmdUser: 'root',
    AuthType: 'auth/munge',
    StateSaveLocation: join(folder, 'state'),
    SlurmdSpoolDir: join(folder, 'spool'),
    SlurmctldPidFile: join(folder, 'slurmctld.pid'),
    SlurmdPidFile: join(folder, 'slurmd.pid'),
    SlurmctldPort: '17817',
    SlurmdPort: '17818',
    SlurmctldLogFile: join(folder, 'slurmctld.log'),
    SlurmdLogFile: join(folder, 'slurmd.log'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_CPU',
    MpiDefault: 'none',
    ReturnToService: '2',
    AccountingStorageType: 'accounting_storage/none',
    JobAcctGatherType: 'jobacct_gather/none',
    NodeName: `here NodeHostname=${hostname()} NodeAddr=127.0.0.1 CPUs=${cpus().length} State=UNKNOWN`,
    PartitionName: 'all Nodes=here Default=YES MaxTime=INFINITE State=UP',
  }
  writeFileSync(
    env.SLURM_CONF,
    Object.entries(lines)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  writeFileSync(join(folder, 'cgroup.conf'), 'CgroupPlugin=autodetect\n')
}

/** Slurm's daemons know each other by it. */
async function startMunge() {
  if (existsSync('/run/munge/munge.socket.2')) return
  mkdirSync('/run/munge', { recursive: true })
  execFileSync('chown', ['munge:', '/run/munge'])
  if (!existsSync('/etc/munge/munge.key')) execFileSync('/usr/sbin/mungekey', [])
  execFileSync('runuser', ['-u', 'munge', '--', '/usr/sbin/munged'])
  await until('munge', () => existsSync('/run/munge/munge.socket.2'))
}

async function writeShards() {
  const picture = readFileSync(join(root, 'examples/images/teacup.jpg'))
  mkdirSync(join(folder, 'in'))
  for (let s = 0; s < SHARDS; s++) {
    const files = Array.from({ length: SIZE }, (_, i) => ({
      header: { name: `${s * SIZE + i}.jpg`, size: picture.length },
      body: picture,
    }))
    writeFileSync(join(folder, 'in', `${s}.tar`), await packTar(files))
  }
}

async function runArray() {
  const variables = {
    SOURCE: join(folder, 'in'),
    OUT: join(folder, 'out'),
    ICTHP: `${process.execPath} ${cli}`,
    ICTHP_ARGS: '--only hp --jobs 1 -q',
  }
  const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const id = slurm(
    'sbatch',
    '--parsable',
    `--array=0-${TASKS - 1}`,
    `--chdir=${folder}`,
    `--export=ALL,${given.join(',')}`,
    join(root, 'examples/dataset/slurm.sh'),
  ).trim()
  process.stdout.write(`array ${id} of ${TASKS} tasks\n`)
  let requeued = false
  await until('the array', () => {
    const tasks = slurm('squeue', '-h', '-r', '-j', id, '-o', '%i %T').trim().split('\n').filter(Boolean)
    const running = tasks.find((task) => task.endsWith(' RUNNING'))
    if (running && !requeued) {
      requeued = true
      const [task] = running.split(' ')
      process.stdout.write(`${task} is killed and requeued\n`)
      slurm('scontrol', 'requeue', task)
    }
    return requeued && tasks.length === 0
  })
}

function slurm(command, ...args) {
  try {
    return execFileSync(command, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    // An array that has ended is not known for long.
    if (/Invalid job id/.test(error.stderr ?? '')) return ''
    if (/Unable to contact|Connection refused/.test(error.stderr ?? '')) return ''
    throw error
  }
}

async function until(what, holds) {
  for (let second = 0; second < 300; second++) {
    if (holds()) return
    await sleep(1000)
  }
  for (const name of ['slurmctld.log', 'slurmd.log'])
    if (existsSync(join(folder, name)))
      process.stderr.write(readFileSync(join(folder, name), 'utf8').slice(-3000))
  throw new Error(`${what} was not there within five minutes.`)
}
