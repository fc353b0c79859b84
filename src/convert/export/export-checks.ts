import { lstat, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DeviceError, InputError, OutputError, show } from '../../base/errors.ts'
import { type Dtype, DTYPES } from '../../models/manifest.ts'
import { EXPORT_TARGETS, type ExportTarget } from './export-targets.ts'

/** Throws `InputError` and `DeviceError` for a target or a dtype that there is not. */
export function checkTarget(to: unknown, dtype: unknown): void {
  if (!EXPORT_TARGETS.includes(to as ExportTarget)) {
    throw new InputError(
      'input_invalid_option',
      `There is no export to ${show(to)}. Use ${EXPORT_TARGETS.join(' or ')}.`,
      { to },
    )
  }
  if (dtype !== 'auto' && !DTYPES.includes(dtype as Dtype)) {
    throw new DeviceError(
      'dtype_unknown',
      `There is no dtype ${show(dtype)}. Use auto, ${DTYPES.join(', ')}.`,
      { dtype },
    )
  }
}

/** Throws `OutputError` where something is in the place of a model. */
export async function checkFree(out: string, names: readonly string[]): Promise<void> {
  const there = await stat(out).catch(() => undefined)
  if (there && !there.isDirectory()) {
    throw new OutputError('output_failed', `${out} is a file. Name a folder for the repository.`, {
      path: out,
    })
  }
  for (const name of names) {
    const path = join(out, name)
    if (!(await lstat(path).catch(() => undefined))) continue
    throw new OutputError(
      'output_not_ours',
      `${path} is there already, and nothing is overwritten. Remove it, or export to another folder than ${dirname(path)}.`,
      { path },
    )
  }
}
