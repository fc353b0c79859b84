/** What a message of the library calls an option, as the command line calls it. */
const FLAGS: readonly (readonly [RegExp, string])[] = [
  [/\bmaxPixels\b/g, '--max-pixels'],
  [/\bbatchSize\b/g, '--batch-size'],
  [/^threads\b/g, '--threads'],
  [/\bRaise maxDownloadBytes if it is trusted\./g, 'If it is trusted, fetch it yourself and name the file.'],
  [/Try again, or raise the time limit\./g, 'Try again, or fetch it yourself and name the file.'],
  [/\b(device|dtype): '(\w+)'/g, '--$1 $2'],
]

/** A message of the library in the words of the command line. */
export function inFlags(message: string): string {
  return FLAGS.reduce((text, [name, flag]) => text.replace(name, flag), message)
}
