/**
 * Why something failed, for a sentence: the first line of an error, cut where it is long. onnxruntime puts its source file,
 * function and condition in front; those are for its authors.
 */
export function reason(error: unknown): string {
  const line = (error instanceof Error ? error.message : String(error)).split('\n')[0]!
  const text = line.replace(/^\S+\.(?:cc|cpp|h):\d+ (?:.* was false\. )?/, '')
  return (text.length > 160 ? `${text.slice(0, 157)}…` : text).replace(/\.$/, '')
}
