/** Attributes of the member that follows, in their order; a name may come several times. */
export type PaxRecords = readonly (readonly [name: string, value: string])[]

/** Records of an extended header: `LENGTH NAME=VALUE\n` each. Throws `Error` for what are none. */
export function paxRecords(bytes: Uint8Array): PaxRecords {
  const records: [string, string][] = []
  for (let at = 0; at < bytes.length && bytes[at] !== 0;) {
    const space = bytes.indexOf(0x20, at)
    const digits = space < 0 || space - at > 12 ? '' : String.fromCharCode(...bytes.subarray(at, space))
    const end = at + Number(digits)
    if (!/^\d+$/.test(digits) || end <= space + 1 || end > bytes.length || bytes[end - 1] !== 0x0a)
      throw new Error('an extended header is broken')
    const record = new TextDecoder().decode(bytes.subarray(space + 1, end - 1))
    const equals = record.indexOf('=')
    if (equals > 0) records.push([record.slice(0, equals), record.slice(equals + 1)])
    at = end
  }
  return records
}

/** The last that was said; an empty value takes an attribute back. */
export const lastOf = (records: PaxRecords, name: string): string | undefined =>
  records.findLast(([given]) => given === name)?.[1] || undefined
