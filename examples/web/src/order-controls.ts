import type { CombineRule, RankOptions } from 'icthp/web'
import { element, input, select } from './element.ts'

export interface Order {
  readonly combine: CombineRule
  readonly weights: { readonly ict: number; readonly hp: number }
  readonly thresholds: NonNullable<RankOptions['thresholds']>
  /** Whether bars span the group's scores rather than 0 to 1. */
  readonly zoom: boolean
}

/** The controls under “Order by”. They only order scores that are there. */
export class OrderControls {
  constructor(onChange: () => void) {
    const form = element('order')
    form.addEventListener('input', () => {
      this.#show()
      onChange()
    })
    form.addEventListener('submit', (event) => event.preventDefault())
    this.#show()
  }

  /** `hp` alone where there is no prompt to hold against. */
  read(hasPrompt: boolean): Order {
    const share = Number(input('weight').value) / 100
    const threshold = (name: 'ict' | 'hp'): number | undefined =>
      input(`need-${name}`).checked ? Number(input(`min-${name}`).value) : undefined
    return {
      combine: hasPrompt ? (select('combine').value as CombineRule) : 'hp',
      weights: { ict: share, hp: 1 - share },
      thresholds: { ict: hasPrompt ? threshold('ict') : undefined, hp: threshold('hp') },
      zoom: input('zoom').checked,
    }
  }

  #show(): void {
    const weight = input('weight')
    const share = Number(weight.value)
    weight.disabled = select('combine').value !== 'weighted'
    weight.style.setProperty('--at', `${share}%`)
    weight.setAttribute('aria-valuetext', `${share} % ICT, ${100 - share} % HP`)
    element('weight-ict').textContent = `ICT ${share} %`
    element('weight-hp').textContent = `HP ${100 - share} %`
    for (const name of ['ict', 'hp']) {
      const least = input(`min-${name}`)
      least.disabled = !input(`need-${name}`).checked
      element(`min-${name}-value`).textContent = Number(least.value).toFixed(2)
    }
  }
}

/** What the order is called above the ranking. */
export function ruleName({ combine, weights }: Order): string {
  const percent = (weight: number): string => `${Math.round(weight * 100)} %`
  return {
    weighted: `${percent(weights.ict)} ICT + ${percent(weights.hp)} HP`,
    product: 'ICT × HP',
    softmax: 'ICT × softmax of HP',
    ict: 'ICT alone',
    hp: 'HP alone',
  }[combine]
}
