/** What a codec is told of the strip or tile beside its bytes. */
interface PartInfo {
  readonly rows: number
  /** It starts on an odd byte of the file. */
  readonly odd: boolean
  /** It is the last strip of its plane. */
  readonly last: boolean
}

/** How strips and tiles are decompressed. */
export interface Codec {
  /** Fills `out`, whose bytes are 0. False where the data is damaged or short; what could be read is there. */
  readonly unpack: (data: Uint8Array, out: Uint8Array, part: PartInfo) => boolean | Promise<boolean>
  /** A predictor belongs to it. */
  readonly predicts: boolean
  /** Bits of its data are turned round by fill order 2. */
  readonly reverses: boolean
  /** Samples of 16 and 32 bits come in the byte order of the file. */
  readonly swaps: boolean
}
