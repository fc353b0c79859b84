/** An element of index.html by its id; the page is wrong where it is missing. */
export function element<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id)
  if (!found) throw new Error(`index.html has no #${id}`)
  return found as T
}

export const input = (id: string): HTMLInputElement => element<HTMLInputElement>(id)
export const select = (id: string): HTMLSelectElement => element<HTMLSelectElement>(id)

/** `create('p', { className: 'hint' }, 'text', child)` */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}
