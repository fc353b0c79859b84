/** Memory that its owner does not want back. */
const givenAway = new WeakSet<ArrayBufferLike>()

/** Lets a decoder or a backend move the memory of these values to another thread, where they are then alone: here they are empty afterwards. */
export function giveAway<T extends ArrayBufferView>(values: T): T {
  givenAway.add(values.buffer)
  return values
}

export const isGivenAway = ({ buffer }: ArrayBufferView): boolean => givenAway.has(buffer)
