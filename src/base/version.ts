import { version } from '../../package.json'

/** Of this library. */
export const VERSION: string = version
