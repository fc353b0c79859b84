/** The few assertions that the conformance suite makes, so that it needs no test framework. */
export function expectTrue(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise)
}

/** Compares by content; typed arrays say where they differ. */
export function expectSame(actual: unknown, expected: unknown, what: string): void {
  if (
    isArray(actual) &&
    isArray(expected) &&
    actual.constructor === expected.constructor &&
    actual.length === expected.length
  ) {
    for (let i = 0; i < expected.length; i++) {
      if (actual[i] !== expected[i])
        throw new Error(`${what}: expected ${expected[i]} at ${i} of ${expected.length}, got ${actual[i]}`)
    }
    return
  }
  const [a, b] = [actual, expected].map(printed)
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a}`)
}

/** The error that `promise` rejects with. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`${what}: expected a rejection, got ${printed(value)}`)
}

/** Rejects with an icthp error of this class name and one of these codes. Names, since a program may hold two copies of icthp. */
export async function expectError(
  promise: Promise<unknown>,
  name: string,
  codes: readonly string[],
  what: string,
): Promise<void> {
  const error = (await rejection(promise, what)) as { name?: unknown; code?: unknown }
  if (error?.name === name && codes.includes(String(error.code))) return
  throw new Error(`${what}: expected ${name} ${codes.join(' or ')}, got ${printed(error)}`, { cause: error })
}

function printed(value: unknown): string {
  if (value instanceof Error)
    return `${value.name}${'code' in value ? ` ${String(value.code)}` : ''}: ${value.message}`
  if (isArray(value)) {
    // A detached array has no values left to be listed.
    const listed = value.length > 0 && value.length <= 16
    const values = listed ? Array.from(value as Float32Array, String).join() : `${value.length} values`
    return `${value.constructor.name}[${values}]`
  }
  if (Array.isArray(value)) return `[${value.map(printed)}]`
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? String(value))
}

function isArray(value: unknown): value is Float32Array | BigInt64Array {
  return ArrayBuffer.isView(value) && 'length' in value
}
