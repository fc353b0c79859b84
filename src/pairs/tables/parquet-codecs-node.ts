import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { decompress as unzstd } from 'fzstd'
import type { Compressors } from 'hyparquet'
import { unpackHadoopLz4, unpackLz4 } from './lz4-block.ts'

/** What Parquet files are packed with, beside Snappy, which hyparquet brings. */
export const PARQUET_CODECS: Compressors = {
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
  ZSTD: (input, length) => unzstd(input, new Uint8Array(length)),
  LZ4_RAW: unpackLz4,
  LZ4: unpackHadoopLz4,
}
