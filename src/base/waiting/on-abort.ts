/** What to do when a signal aborts. One listener a signal, however many wait for it: Node warns of a leak from eleven on. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `listener` once, when `signal` aborts; not for one that has. Returns what takes it back. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal || signal.aborted) return () => {}
  let listeners = waiting.get(signal)
  if (!listeners) {
    const all = new Set<() => void>()
    listeners = all
    waiting.set(signal, all)
    signal.addEventListener('abort', () => all.forEach((each) => all.delete(each) && each()), { once: true })
  }
  // The same function may be given twice.
  const own = (): void => listener()
  listeners.add(own)
  return () => void listeners.delete(own)
}
