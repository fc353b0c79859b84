// Zstandard, for zstd.ts; after RFC 8878, as strict as libzstd 1.5.7. What is damaged ends in a negative number. Here: what
// lies in memory, and what a frame keeps.

const DAMAGED: i32 = -1
const MOST_BLOCK = 1 << 17

// Huffman: 12 bits at most, an entry is a symbol · 256 + the bits of its code.
const HUFFMAN = memory.data(4096 * 2, 16)
const WEIGHTS = memory.data(256 + 16, 16)
const RANKS = memory.data(16 * 4, 16)
const COUNTS = memory.data(64 * 2, 16)
const NEXT = memory.data(64 * 2, 16)
const SYMBOLS = memory.data(512, 16)
const LITERALS = memory.data(MOST_BLOCK + 64, 16)

// FSE, an entry: base of the next state (16 bits), its bits (8), bits to add (8), base value (32). First those by default.
const LL_DEFAULT = memory.data(64 * 8, 16)
const OF_DEFAULT = memory.data(32 * 8, 16)
const ML_DEFAULT = memory.data(64 * 8, 16)
const LL_TABLE = memory.data(512 * 8, 16)
const OF_TABLE = memory.data(256 * 8, 16)
const ML_TABLE = memory.data(512 * 8, 16)
const WEIGHT_TABLE = memory.data(64 * 8, 16)

const LL_BASE = memory.data<u32>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048,
  4096, 8192, 16384, 32768, 65536,
])
const LL_BITS = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
])
const ML_BASE = memory.data<u32>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
  37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
])
const ML_BITS = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4,
  5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
])
const LL_COUNTS = memory.data<i16>([
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
])
const OF_COUNTS = memory.data<i16>([
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
])
const ML_COUNTS = memory.data<i16>([
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
])

let defaultsMade = false
// What a frame keeps from block to block; a table at 0 is none.
let huffmanBits: u32 = 0
let llTable: usize = 0
let ofTable: usize = 0
let mlTable: usize = 0
let llLog: u32 = 0
let ofLog: u32 = 0
let mlLog: u32 = 0
let rep1: usize = 1
let rep2: usize = 4
let rep3: usize = 8
// What readers have found, beside what they return.
let literalsAt: usize = 0
let literalsLength: usize = 0
let foundLog: u32 = 0
let foundMost: u32 = 0
