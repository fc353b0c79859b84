import { openFirefox } from './browser/firefox.ts'
import { exactnessSuite } from './exact.ts'

exactnessSuite('Firefox', openFirefox)
