/** Text with every `https://name:password@host` in it as `https://host`: what is printed ends up in logs. */
export function hidePasswords(text: string): string {
  return text.includes('@')
    ? text.replace(/\b([a-z][a-z\d+.-]{0,30}:\/\/)[^\s/?#"'<>]{1,500}@/gi, '$1')
    : text
}
