/**
 * What makes a report sort and filter: plain JavaScript, kept as text since it runs in the reader's browser, untouched by
 * whatever bundles this library. The page is whole without it. It reads nothing but the cards' data attributes.
 */
export const REPORT_SCRIPT = `
'use strict'
const tools = document.querySelector('#tools')
const sheet = document.querySelector('#sheet')
const status = document.querySelector('#status')
const none = document.querySelector('#none')
const field = (name) => tools.elements.namedItem(name)

const groups = [...sheet.querySelectorAll('.group')]
let group = null
const cards = [...sheet.children].flatMap((element, order) => {
  const { name, passed } = element.dataset
  if (element.className === 'group') {
    group = element
    return []
  }
  return [{ element, order, group, name, passed: passed !== 'false' }]
})
const names = new Intl.Collator(undefined, { numeric: true })
/* A number, or a list of one a prompt. */
const valueOf = (card, key) => {
  const value = JSON.parse(card.element.dataset[key] || 'null')
  return Array.isArray(value) ? value[field('prompt') ? Number(field('prompt').value) : 0] : value
}
const ranges = [...tools.elements].flatMap(({ name }) => (name.startsWith('min-') ? [name.slice(4)] : []))

/* A slider counts in hundredths of the way from the lowest score to the highest, since browsers round what it says. */
function leastOf(key) {
  const range = field('min-' + key)
  const part = Number(range.value) / 100
  const values = cards.map((card) => valueOf(card, key))
  const [low, high] = [Math.min, Math.max].map((pick) => values.reduce((a, b) => pick(a, b)))
  const least = part === 0 ? -Infinity : part === 1 ? high : low + part * (high - low)
  const told = part === 0 ? 'any' : least.toFixed(4)
  range.nextElementSibling.value = told
  range.setAttribute('aria-valuetext', told)
  return least
}

function show() {
  const wanted = field('name').value.trim().toLowerCase()
  const least = ranges.map((key) => [key, leastOf(key)])
  let shown = 0
  for (const card of cards) {
    card.element.hidden = !(
      card.name.toLowerCase().includes(wanted) &&
      (card.passed || !field('passed') || !field('passed').checked) &&
      least.every(([key, limit]) => valueOf(card, key) >= limit)
    )
    if (!card.element.hidden) shown++
  }
  status.textContent = shown === cards.length ? shown + (shown === 1 ? ' picture' : ' pictures') : shown + ' of ' + cards.length + ' pictures'
  none.hidden = shown > 0
  const [key, direction] = field('sort').value.split(' ')
  const sign = direction === 'down' ? -1 : 1
  const compare = (a, b) =>
    key === 'order' ? 0 : key === 'name' ? names.compare(a.name, b.name) : sign * (valueOf(a, key) - valueOf(b, key))
  const sorted = [...cards].sort((a, b) => compare(a, b) || a.order - b.order)
  /* Groups stand together in their own order alone. */
  const headed = new Set(key === 'order' ? cards.flatMap((card) => (card.element.hidden ? [] : [card.group])) : [])
  for (const element of groups) element.hidden = !headed.has(element)
  sheet.append(...(key === 'order' ? new Set(sorted.flatMap((card) => (card.group ? [card.group, card.element] : [card.element]))) : sorted.map((card) => card.element)))
}

tools.addEventListener('submit', (event) => event.preventDefault())
tools.addEventListener('input', show)
/* The fields are reset only after their event. */
tools.addEventListener('reset', () => setTimeout(show))
tools.hidden = false
show()
`
