const BUSY = 0
const ENDED = 1

/**
 * Says, in memory that both threads see, when the thread of onnxruntime-node is within one of its calls. A thread that is
 * stopped there takes the whole process with it: the library throws where nobody can catch. So whoever stops it waits for
 * the end of the call, which stopping would wait for anyway.
 */
export class NativeTurn {
  readonly memory: SharedArrayBuffer
  readonly #state: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(8)) {
    this.memory = memory
    this.#state = new Int32Array(memory)
  }

  /** The thread is about to call. False where it is being stopped and must not: then it ends itself. */
  begin(): boolean {
    Atomics.store(this.#state, BUSY, 1)
    if (Atomics.load(this.#state, ENDED) === 0) return true
    this.finish()
    return false
  }

  /** The thread has called. False where it is being stopped: then it ends itself. */
  finish(): boolean {
    Atomics.store(this.#state, BUSY, 0)
    Atomics.notify(this.#state, BUSY)
    return Atomics.load(this.#state, ENDED) === 0
  }

  /** No call begins from now on. True where one is under way: the thread ends itself after it. */
  end(): boolean {
    Atomics.store(this.#state, ENDED, 1)
    return Atomics.load(this.#state, BUSY) === 1
  }

  /** {@link end}, and blocks until no call is under way: for a process that exits. */
  endNow(): void {
    while (this.end()) Atomics.wait(this.#state, BUSY, 1)
  }
}
