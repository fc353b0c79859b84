/** What allows a request in the query of an address: signatures of Amazon, Google, CloudFront and Azure, tokens, passwords. */
const SECRETS =
  /([?&](?:x-(?:amz|goog)-(?:signature|security-token)|signature|sig|(?:access_?)?token|api[-_]?key|password|secret)=)[^&#\s"'<>]+/gi

/**
 * Text with every `https://name:password@host` in it as `https://host`, and every `?token=…` without what allows the request:
 * what is printed ends up in logs.
 */
export function hidePasswords(text: string): string {
  const named = text.includes('@')
    ? text.replace(/\b([a-z][a-z\d+.-]{0,30}:\/\/)[^\s/?#"'<>]{1,500}@/gi, '$1')
    : text
  return named.includes('=') ? named.replace(SECRETS, '$1…') : named
}
