import { openChromium } from './browser/chromium.ts'
import { exactnessSuite } from './exact.ts'

exactnessSuite('Chromium', () => openChromium())
