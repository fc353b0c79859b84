/**
 * NFC that takes linear time. ICU, which the runtimes use, sorts marks by insertion: 100,000 marks of two classes in turn
 * take it seconds. Long runs of marks are sorted here first; the order of classes is the canonical one, and the sort is
 * stable, so that what is then composed is canonically equivalent (Unicode Standard, section 3.11) and its NFC the same.
 */

/** Marks from which on a run is sorted here: up to there ICU's way is quick, and most text has no such run. */
const LONG = 64
/** UTF-16 units of a run matched at once: the regular expressions of browsers overflow their stack on millions. */
const RUN = 4096
const LONG_RUN = new RegExp(`\\p{M}{${LONG}}`, 'gu')
const MARKS = new RegExp(`\\p{M}{1,${RUN}}`, 'uy')

/** The first mark of each canonical combining class but 0, in the order of the classes. */
const OF_CLASSES = [
  ...'\u0334\u{16ff0}\u093c\u3099\u094d\u05b0\u05b1\u05b2\u05b3\u05b4\u05b5\u05b6\u05b7\u05b8\u05b9\u05bb\u05bc\u05bd',
  ...'\u05bf\u05c1\u05c2\ufb1e\u064b\u064c\u064d\u0618\u0619\u061a\u0651\u0652\u0670\u0711\u0c55\u0c56\u0e38\u0e48\u0eb8',
  ...'\u0ec8\u0f71\u0f72\u0f74\u0321\u1dce\u031b\u1dfa\u0316\u059a\u302e\u{1d16d}\u05ae\u0300\u0315\u035c\u035d\u0345',
]

/** `text.normalize('NFC')`. */
export function composeNfc(text: string): string {
  let sorted = ''
  let end = 0
  for (;;) {
    LONG_RUN.lastIndex = end
    const found = LONG_RUN.exec(text)
    if (found === null) return (sorted + text.slice(end)).normalize('NFC')
    sorted += text.slice(end, found.index)
    end = MARKS.lastIndex = found.index
    while (MARKS.test(text)) end = MARKS.lastIndex
    sorted += sortMarks(text.slice(found.index, end))
  }
}

/** Decomposed, and in canonical order. */
function sortMarks(run: string): string {
  let sorted = ''
  let byRank: string[] = []
  const take = (): void => {
    for (const marks of byRank) sorted += marks ?? ''
    byRank = []
  }
  for (const mark of run) {
    for (const [part, rank] of decompose(mark)) {
      if (rank === 0) {
        take()
        sorted += part
      } else byRank[rank] = (byRank[rank] ?? '') + part
    }
  }
  take()
  return sorted
}

const decomposed = new Map<string, readonly (readonly [part: string, rank: number])[]>()

function decompose(mark: string): readonly (readonly [part: string, rank: number])[] {
  let parts = decomposed.get(mark)
  if (!parts) {
    parts = [...mark.normalize('NFD')].map((part) => [part, rankOf(part)] as const)
    decomposed.set(mark, parts)
  }
  return parts
}

/** Ascends with the combining class, as the runtime's own tables have it; 0 for class 0, which nothing is moved across. */
function rankOf(mark: string): number {
  const above = OF_CLASSES.filter((other) => swaps(mark, other)).length
  const below = OF_CLASSES.filter((other) => swaps(other, mark)).length
  if (above + below === 0) return 0
  // A class that none of these has lies between two of them.
  return 2 * above + (above + below < OF_CLASSES.length ? 1 : 2)
}

/** Whether both are marks and the class of the first is the higher. */
const swaps = (first: string, second: string): boolean => (first + second).normalize('NFD') !== first + second
