import type { Page } from 'playwright-core'

/** Controls without a name that a screen reader could say, as the browser computes it, and images without `alt`. */
export async function namelessControls(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page)
  const { nodes } = await session.send('Accessibility.getFullAXTree')
  const roles = /^(button|textbox|slider|checkbox|combobox|link|progressbar|list|region|form|image)$/
  const nameless = nodes
    .filter(
      ({ ignored, role, name }) =>
        !ignored && roles.test(String(role?.value)) && !String(name?.value ?? '').trim(),
    )
    .map(({ role, backendDOMNodeId }) => `${role?.value} ${backendDOMNodeId}`)
  // A list or a form is a landmark only by name; those of definitions have none.
  const without = nameless.filter((node) => !/^(list|form|region) /.test(node))
  const images = await page.locator('img:not([alt])').count()
  return images > 0 ? [...without, `${images} img without alt`] : without
}

/** Texts whose contrast with what is behind them is below 4.5 : 1 (WCAG 2.2 AA), with that contrast. */
export function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })!
    const rgba = (colour: string): number[] => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
      return [...canvas.getImageData(0, 0, 1, 1).data]
    }
    const luminance = ([r, g, b]: number[]): number => {
      const linear = [r!, g!, b!].map((value) =>
        value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
      )
      return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!
    }
    const behind = (element: Element | null): number[] => {
      for (let at = element; at; at = at.parentElement) {
        const colour = rgba(getComputedStyle(at).backgroundColor)
        if (colour[3]! > 250) return colour
      }
      return [255, 255, 255, 255]
    }
    const faint: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement!
      const text = node.textContent!.trim()
      if (
        text === '' ||
        !element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) ||
        element.closest('script, option, :disabled')
      )
        continue
      const [one, two] = [luminance(rgba(getComputedStyle(element).color)), luminance(behind(element))]
      const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05)
      if (contrast < 4.5)
        faint.push(`${contrast.toFixed(2)} ${element.className || element.tagName}: ${text.slice(0, 40)}`)
    }
    return faint
  })
}
