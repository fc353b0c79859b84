import { openFirefox } from './browser/firefox.ts'
import { restrictedSuite } from './restricted.ts'

restrictedSuite(async () => {
  const page = await openFirefox()
  return {
    open: async (url) => {
      await page.open(url)
      return { call: page.call, close: async () => {} }
    },
    close: () => page.close(),
  }
})
