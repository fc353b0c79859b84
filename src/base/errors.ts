import { hidePasswords } from './hide-passwords.ts'

/**
 * Every error that icthp throws on purpose is an {@link IcthpError}: a stable `code` to switch on, the values that
 * matter in `details`, and a message that says what is wrong and what to do. The cause, where there is one, is kept.
 */
export class IcthpError extends Error {
  // Names are written out, since minifiers rename classes.
  override readonly name: string = 'IcthpError'
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, details: Record<string, unknown> & { cause?: unknown } = {}) {
    // Whoever throws one is telling a fault already: no second one for that.
    const { cause, ...values } = details ?? {}
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = values
  }
}

/** An image that cannot be read, decoded or used. */
export class ImageError extends IcthpError {
  override readonly name = 'ImageError'
}
/** An argument that is not what the function takes. */
export class InputError extends IcthpError {
  override readonly name = 'InputError'
}
/** A model folder, manifest or weight file that is missing, damaged or not ours. */
export class ModelError extends IcthpError {
  override readonly name = 'ModelError'
}
/** A checkpoint that cannot be read or converted. */
export class CheckpointError extends IcthpError {
  override readonly name = 'CheckpointError'
}
/** A place that cannot be written to, or must not be. */
export class OutputError extends IcthpError {
  override readonly name = 'OutputError'
}
/** A device, precision or runtime that is not there. */
export class DeviceError extends IcthpError {
  override readonly name = 'DeviceError'
}
/** A backend that failed, or answered with something that cannot be right. */
export class BackendError extends IcthpError {
  override readonly name = 'BackendError'
}
/** A download that failed. */
export class DownloadError extends IcthpError {
  override readonly name = 'DownloadError'
}
/** A request to the reward server that it cannot take, or not now. */
export class RequestError extends IcthpError {
  override readonly name = 'RequestError'
}
/** A dataset whose shards, parts or store are not as they must be. */
export class DatasetError extends IcthpError {
  override readonly name = 'DatasetError'
}

export type ErrorCode =
  // ImageError
  | 'image_not_found'
  | 'image_unreadable'
  | 'image_empty'
  | 'image_truncated'
  | 'image_unsupported'
  | 'image_zero_size'
  | 'image_too_large'
  | 'image_invalid_raw'
  | 'image_no_prompt'
  // InputError
  | 'input_length_mismatch'
  | 'input_not_a_string'
  | 'input_not_text'
  | 'input_invalid_table'
  | 'input_invalid_option'
  | 'input_package_missing'
  | 'input_disposed'
  | 'input_no_working_folder'
  // ModelError
  | 'model_not_found'
  | 'model_wrong_kind'
  | 'model_invalid_manifest'
  | 'model_newer_version'
  | 'model_file_missing'
  | 'model_file_truncated'
  | 'model_sha256_mismatch'
  | 'model_dtype_unavailable'
  | 'model_self_test_failed'
  // CheckpointError
  | 'checkpoint_not_found'
  | 'checkpoint_unreadable'
  | 'checkpoint_unsafe'
  | 'checkpoint_truncated'
  | 'checkpoint_keys'
  | 'checkpoint_nan'
  | 'checkpoint_config'
  // OutputError
  | 'output_holds_input'
  | 'output_not_ours'
  | 'output_no_space'
  | 'output_failed'
  // DeviceError
  | 'device_unknown'
  | 'device_unavailable'
  | 'runtime_missing'
  | 'runtime_unloadable'
  | 'dtype_unknown'
  // BackendError
  | 'backend_failed'
  | 'backend_wrong_output'
  | 'backend_nan'
  | 'backend_unreachable'
  // DownloadError
  | 'download_failed'
  | 'download_unauthorized'
  | 'download_not_found'
  | 'download_sha256_mismatch'
  | 'download_interrupted'
  | 'download_offline'
  | 'download_no_space'
  // RequestError
  | 'request_invalid'
  | 'request_too_large'
  | 'request_unauthorized'
  | 'request_not_found'
  | 'request_unknown_reward'
  | 'request_overloaded'
  | 'request_timeout'
  | 'request_closing'
  // DatasetError
  | 'dataset_source_invalid'
  | 'dataset_settings_differ'
  | 'dataset_shard_damaged'
  | 'dataset_lease_lost'
  | 'dataset_part_damaged'
  | 'dataset_part_missing'
  | 'dataset_part_twice'
  | 'dataset_store_unsafe'
  | 'dataset_store_failed'

/** Shows a value in a message, short, in quotes where it is text, and without the password of an address. Never throws. */
export function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(hidePasswords(value)) : textOf(value)
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}

/** What has no text of its own (an object without a prototype, a list with a symbol in it) is told by its kind. */
function textOf(value: unknown): string {
  try {
    return hidePasswords(String(value))
  } catch {
    return Array.isArray(value) ? 'a list' : 'an object'
  }
}
