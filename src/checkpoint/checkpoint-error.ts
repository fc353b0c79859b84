import { CheckpointError } from '../base/errors.ts'

type Details = Record<string, unknown> & { cause?: unknown }

/** The file is there, but is not a checkpoint that can be used. `why` ends with what to do, where there is more to say. */
export function unreadable(path: string, why: string, details: Details = {}): CheckpointError {
  return new CheckpointError('checkpoint_unreadable', `${path} cannot be read as a checkpoint: ${why}`, {
    path,
    ...details,
  })
}

/** The file ends before what it announces. */
export function truncated(path: string, why: string, details: Details = {}): CheckpointError {
  return new CheckpointError(
    'checkpoint_truncated',
    `${path} is cut short: ${why}. Download or copy it again.`,
    {
      path,
      ...details,
    },
  )
}

/** The pickle asks for something that plain weights never need. */
export function unsafe(path: string, what: string, details: Details = {}): CheckpointError {
  return new CheckpointError(
    'checkpoint_unsafe',
    `${path} asks for ${what}, which plain weights never need and which could run code when Python loads it. It was ` +
      'refused and nothing was run. Use a checkpoint from a source that you trust, saved as weights alone ' +
      '(torch.save(model.state_dict(), …)) or as safetensors.',
    { path, ...details },
  )
}

/** Nothing there, or no single file to choose. */
export function notFound(path: string, why: string, details: Details = {}): CheckpointError {
  return new CheckpointError('checkpoint_not_found', `No checkpoint at ${path}: ${why}`, { path, ...details })
}
