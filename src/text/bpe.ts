import { mergedId, type Vocabulary, wordEnd } from './vocabulary.ts'

/** Bytes of a long word merged at a time. */
const WINDOW = 128
const NONE = 0x7fffffff

/**
 * Byte-level BPE of one word (open_clip's `SimpleTokenizer.bpe`): of all neighbours that some merge joins, those of the
 * lowest rank are joined first, from left to right, until none are left. Yields token ids as soon as they are certain,
 * so that a word of any length takes time in proportion to what is taken of it.
 *
 * A long word is merged window by window. Where a window does not end the word, its last token could still merge with
 * what follows, so it counts as unknown from the first rank on at which it could (see `mergeOpen`). What is left is
 * certain, and since no merge crossed its end, the rest of the word can be merged on its own.
 */
export function* bpe(bytes: Uint8Array, vocabulary: Vocabulary): Generator<number> {
  let window = WINDOW
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(start + window, bytes.length)
    const ids = Array.from(bytes.subarray(start, end), (byte) => vocabulary.byteIds[byte]!)
    const last = end === bytes.length
    if (last) ids[ids.length - 1] = wordEnd(ids.at(-1)!)
    merge(ids, vocabulary, !last)
    if (ids.length === 0) {
      window *= 2
      continue
    }
    yield* ids
    if (last) return
    for (const id of ids) start += vocabulary.bytes(id).length
    window = WINDOW
  }
}

/** Merges `ids` in place; `open`: something unknown follows, and tokens that it could change are dropped. */
function merge(ids: number[], vocabulary: Vocabulary, open: boolean): void {
  const rankAt = (i: number) => {
    const rank = i < 0 || i + 1 >= ids.length ? -1 : vocabulary.rank(ids[i]!, ids[i + 1]!)
    return rank < 0 ? NONE : rank
  }
  /** Lowest rank from `from` on at which the last token could merge with what follows. */
  const openRankFrom = (from: number) => {
    const rank = open && ids.length > 0 ? vocabulary.nextRank(ids.at(-1)!, from) : -1
    return rank < 0 ? NONE : rank
  }
  const ranks = ids.map((_, i) => rankAt(i))
  let openRank = openRankFrom(0)
  for (;;) {
    let best = 0
    for (let i = 1; i < ids.length; i++) if (ranks[i]! < ranks[best]!) best = i
    const rank = ids.length === 0 ? NONE : ranks[best]!
    if (openRank < rank) {
      // From here on the last token is unknown, and so whatever merges with it. At this very rank the one before cannot:
      // its merge would have been found.
      ids.pop()
      ranks.pop()
      if (ids.length > 0) ranks[ids.length - 1] = NONE
      openRank = openRankFrom(openRank + 1)
      continue
    }
    if (rank === NONE) return
    ids.splice(best, 2, mergedId(rank))
    ranks.splice(best, 1)
    ranks[best] = rankAt(best)
    if (best > 0) ranks[best - 1] = rankAt(best - 1)
    if (best === ids.length - 1) openRank = openRankFrom(rank + 1)
  }
}
