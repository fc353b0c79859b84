import type { RankedImage } from 'icthp/web'
import { create, element } from './element.ts'
import { score } from './format.ts'
import type { Encoded } from './models.ts'
import type { Order } from './order-controls.ts'

export interface Picture {
  readonly id: number
  readonly name: string
  readonly file: Blob
  readonly url: string
  state: 'waiting' | 'working' | 'scored' | 'failed'
  encoded?: Encoded | undefined
  error?: Error | undefined
}

type Name = 'ict' | 'hp'

/** The list of pictures: those with scores in their order, then those to come, then those that failed. */
export class RankingList {
  readonly #list = element<HTMLOListElement>('ranking')
  readonly #entries = new Map<number, Entry>()

  constructor(private readonly onRemove: (picture: Picture) => void) {}

  /** `ranked` refers to `pictures` by index. */
  show(pictures: readonly Picture[], ranked: readonly RankedImage[], order: Order): void {
    const inOrder = [
      ...ranked.map(({ index }) => pictures[index]!),
      ...(['working', 'waiting', 'failed'] as const).flatMap((state) =>
        pictures.filter((picture) => picture.state === state),
      ),
    ]
    for (const [id, { row }] of this.#entries) {
      if (inOrder.some((picture) => picture.id === id)) continue
      row.remove()
      this.#entries.delete(id)
    }
    const scales = { ict: scaleOf('ict', ranked, order.zoom), hp: scaleOf('hp', ranked, order.zoom) }
    const rankOf = new Map(ranked.map((image) => [pictures[image.index]!.id, image]))
    for (const picture of inOrder) this.#entry(picture).show(rankOf.get(picture.id), scales, order)
    this.#arrange(inOrder.map(({ id }) => this.#entries.get(id)!.row))
  }

  #entry(picture: Picture): Entry {
    let entry = this.#entries.get(picture.id)
    if (!entry) this.#entries.set(picture.id, (entry = new Entry(picture, () => this.#remove(picture))))
    return entry
  }

  #remove(picture: Picture): void {
    const { row } = this.#entries.get(picture.id)!
    const neighbour =
      (row.nextElementSibling ?? row.previousElementSibling)?.querySelector('button') ??
      element('ranking-title')
    this.onRemove(picture)
    neighbour.focus()
  }

  /** Puts rows in order and lets those that move glide there. */
  #arrange(rows: readonly HTMLElement[]): void {
    if (rows.every((row, i) => row === this.#list.children[i])) return
    const focused = document.activeElement
    const before = new Map(
      rows.filter((row) => row.isConnected).map((row) => [row, row.getBoundingClientRect().top]),
    )
    this.#list.append(...rows)
    if (focused instanceof HTMLElement && this.#list.contains(focused)) focused.focus({ preventScroll: true })
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return
    for (const [row, top] of before) {
      const by = top - row.getBoundingClientRect().top
      if (by !== 0)
        row.animate([{ transform: `translateY(${by}px)` }, { transform: 'none' }], {
          duration: 380,
          easing: 'cubic-bezier(.2,.8,.2,1)',
        })
    }
  }
}

interface Scale {
  readonly low: number
  readonly high: number
}

/** From 0 to 1, or from a little below the lowest score of the group to its highest. */
function scaleOf(name: Name, ranked: readonly RankedImage[], zoom: boolean): Scale {
  const scores = ranked.map((image) => image[name]).filter((value) => value !== undefined)
  const [low, high] = [Math.min(...scores), Math.max(...scores)]
  return zoom && high > low ? { low: low - (high - low) / 8, high } : { low: 0, high: 1 }
}

const within = (value: number, { low, high }: Scale): number =>
  Math.min(1, Math.max(0, (value - low) / (high - low)))

class Entry {
  readonly row: HTMLLIElement
  readonly #place = create('span', { className: 'place' })
  readonly #verdict = create('span', { className: 'verdict' })
  readonly #bars = { ict: bar('ict'), hp: bar('hp') }
  readonly #list = create('dl', { className: 'bars' }, this.#bars.ict.row, this.#bars.hp.row)
  readonly #note = create('p', { className: 'hint' })
  readonly #score = create('p', { className: 'score' })

  constructor(
    private readonly picture: Picture,
    onRemove: () => void,
  ) {
    const thumb = create('img', { className: 'thumb', src: picture.url, alt: '' })
    thumb.addEventListener(
      'error',
      () => thumb.replaceWith(create('span', { className: 'thumb missing', ariaHidden: 'true' }, '?')),
      { once: true },
    )
    const remove = create(
      'button',
      { className: 'remove', type: 'button', ariaLabel: `Remove ${picture.name}`, title: 'Remove' },
      '×',
    )
    remove.addEventListener('click', onRemove)
    const name = create(
      'h3',
      { className: 'title' },
      create('span', { className: 'name', title: picture.name }, picture.name),
      ' ',
      this.#verdict,
    )
    this.row = create(
      'li',
      { className: 'entry' },
      this.#place,
      thumb,
      create('div', { className: 'body' }, name, this.#list, this.#note),
      create('div', { className: 'end' }, this.#score, remove),
    )
  }

  show(ranked: RankedImage | undefined, scales: Record<Name, Scale>, { thresholds }: Order): void {
    const { state, error } = this.picture
    this.row.className = `entry ${ranked ? placeClass(ranked) : (STATE_CLASS[state] ?? 'pending')}`
    if (ranked) this.row.dataset['passed'] = String(ranked.passed)
    else delete this.row.dataset['passed']
    this.#place.textContent = ranked ? String(ranked.rank) : ''
    const below = ranked?.passed === false
    this.#verdict.textContent = below ? 'below the threshold' : 'best'
    this.#verdict.className = `verdict ${below ? 'below' : 'best-mark'}`
    this.#verdict.hidden = !below && ranked?.rank !== 1
    this.#list.hidden = !ranked
    for (const name of ['ict', 'hp'] as const) {
      const { row, fill, mark, value } = this.#bars[name]
      const given = ranked?.[name]
      row.hidden = given === undefined
      if (given === undefined) continue
      value.textContent = score(given)
      fill.style.setProperty('--share', String(within(given, scales[name])))
      const least = thresholds[name]
      mark.hidden =
        least === undefined ||
        within(least, scales[name]) !== (least - scales[name].low) / (scales[name].high - scales[name].low)
      if (least !== undefined) mark.style.setProperty('--mark', String(within(least, scales[name])))
    }
    this.#note.hidden = Boolean(ranked)
    this.#note.className = state === 'failed' ? 'error' : 'hint'
    if (state === 'failed') this.#note.textContent = error!.message
    else this.#note.textContent = state === 'working' ? 'Being scored …' : 'Waiting'
    this.#score.replaceChildren(
      ...(ranked ? [create('b', {}, score(ranked.score)), create('small', {}, 'combined')] : []),
    )
  }
}

const placeClass = ({ rank }: RankedImage): string => (rank === 1 ? 'best' : 'ranked')
const STATE_CLASS: Readonly<Record<string, string>> = { failed: 'failed', working: 'pending working' }

function bar(name: Name): Record<'row' | 'fill' | 'mark' | 'value', HTMLElement> {
  const [fill, mark, value] = [
    create('span', { className: 'fill' }),
    create('span', { className: 'mark', hidden: true }),
    create('span', { className: 'value' }),
  ]
  const track = create('span', { className: 'track', ariaHidden: 'true' }, fill, mark)
  const row = create(
    'div',
    { className: `bar ${name}` },
    create('dt', {}, name.toUpperCase()),
    create('dd', {}, track, value),
  )
  return { row, fill, mark, value }
}
