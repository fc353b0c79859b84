import { readImageFile } from '../../image/pool/image-job-node.ts'

/**
 * An image file whose path is no text: Node hands paths to the decoder's threads as strings, which would name another file.
 * A Blob to the decoder, read when it is asked for.
 */
export class RawFile extends Blob {
  constructor(
    readonly name: string,
    private readonly path: Buffer,
  ) {
    super()
  }

  /** Throws `ImageError`. */
  override async arrayBuffer(): Promise<ArrayBuffer> {
    return new Uint8Array(await readImageFile(this.path)).buffer
  }
}
