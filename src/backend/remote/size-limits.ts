/** How servers word it that a request is larger than they take: gRPC's cores, and Triton, whose status is 400 then. */
const TOO_LARGE = /larger than max|too large|exceeds? (?:the )?(?:max|limit)|message size/i
/** Triton's `max_batch_size`. */
const MAX_ROWS = /batch-size must be <= (\d{1,9})\b/

export const saysTooLarge = (message: string): boolean => TOO_LARGE.test(message)

/** The rows that a model takes in one request, where the refusal of more says so. */
export function rowsAllowed(message: string): number | undefined {
  const rows = Number(MAX_ROWS.exec(message)?.[1] ?? 0)
  return rows > 0 ? rows : undefined
}
