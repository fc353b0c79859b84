import {
  byteOrder,
  END_OF_TEXT,
  mergedId,
  printsAsItself,
  START_OF_TEXT,
  vocabulary,
} from '../../text/vocabulary.ts'

const START = '<|startoftext|>'
const END = '<|endoftext|>'
/** CLIP's split as its Hugging Face tokenizer has it. */
const SPLIT = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+"

/** Files that say how a text tower's input is made, for libraries that load Hugging Face tokenizers. */
export interface TokenizerFiles {
  readonly 'tokenizer.json': string
  readonly 'tokenizer_config.json': string
}

/**
 * CLIP's tokenizer in Hugging Face's format, as transformers and transformers.js load it (`CLIPTokenizer`).
 *
 * It gives the ids of `ClipTokenizer` for plain prompts; it does not repair text (no ftfy, no character references), and
 * transformers.js drops the end mark of a prompt that it cuts. Prompts are padded with the end mark: the tower takes its
 * answer at the first one, so nothing after it matters. (Padding with token 0 would make every "!" a mark.)
 */
export function tokenizerFiles(contextLength = 77): TokenizerFiles {
  return {
    'tokenizer.json': JSON.stringify(tokenizer()),
    'tokenizer_config.json': `${JSON.stringify(config(contextLength), null, 2)}\n`,
  }
}

function tokenizer(): object {
  const mark = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [mark(START_OF_TEXT, START), mark(END_OF_TEXT, END)],
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [END, END_OF_TEXT],
      cls: [START, START_OF_TEXT],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: END,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      ...vocabularyAndMerges(),
    },
  }
}

function config(contextLength: number): object {
  return {
    tokenizer_class: 'CLIPTokenizer',
    bos_token: START,
    eos_token: END,
    unk_token: END,
    pad_token: END,
    add_prefix_space: false,
    clean_up_tokenization_spaces: true,
    do_lower_case: true,
    errors: 'replace',
    model_max_length: contextLength,
  }
}

/** Tokens by their text, in CLIP's printable stand-ins for bytes, and merges as pairs of it. */
function vocabularyAndMerges(): { vocab: Record<string, number>; merges: string[] } {
  const { left, right } = vocabulary()
  // A byte that does not print is written as the next free character from U+0100 on.
  let free = 256
  const bytes = byteOrder().map((byte) => String.fromCharCode(printsAsItself(byte) ? byte : free++))
  const texts = [...bytes, ...bytes.map((text) => `${text}</w>`)]
  const merges = Array.from(left, (id, rank) => {
    const pair = [texts[id]!, texts[right[rank]!]!]
    texts[mergedId(rank)] = pair.join('')
    return pair.join(' ')
  })
  return { vocab: Object.fromEntries([...texts, START, END].map((text, id) => [text, id])), merges }
}
