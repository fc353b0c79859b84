import { openChromium } from './browser/chromium.ts'
import { openFirefox } from './browser/firefox.ts'
import { exactnessSuite } from './exact.ts'

exactnessSuite('Chromium', () => openChromium())
exactnessSuite('Firefox', openFirefox)
