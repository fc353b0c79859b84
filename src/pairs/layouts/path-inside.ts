/**
 * A path of a table that others wrote, joined to the table's folder; undefined where it leads out of that folder, as `../` and
 * absolute paths do.
 */
export function pathInside(folder: string, given: string): string | undefined {
  const path = given.replaceAll('\\', '/')
  if (path.startsWith('/') || /^[a-z][a-z\d+.-]*:/i.test(path) || path.includes('\0')) return undefined
  const parts = folder === '' ? [] : folder.split('/')
  const least = parts.length
  for (const part of path.split('/')) {
    if (part === '..') {
      if (parts.length === least) return undefined
      parts.pop()
    } else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.length > least ? parts.join('/') : undefined
}
