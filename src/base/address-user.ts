/**
 * The name and password of an address as a header. `fetch` refuses an address that holds them, and would tell both in its
 * error: ask {@link withoutUser} with this header instead. Empty where there are none.
 */
export function userHeader({ username, password }: URL): { readonly authorization?: string } {
  if (username === '' && password === '') return {}
  const bytes = new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`)
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` }
}

/** A copy of an address without name and password. */
export function withoutUser(url: URL): URL {
  const plain = new URL(url)
  plain.username = plain.password = ''
  return plain
}

/** A stray `%` in a password is meant as one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
