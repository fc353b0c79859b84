import type { PageTests } from '../page/page.ts'

/** A page with the functions of page.ts, in whichever browser. */
export interface Page {
  readonly browser: string
  /** Calls a function of the page. What goes in and comes out is JSON. */
  call<Name extends keyof PageTests>(
    name: Name,
    ...args: Parameters<PageTests[Name]>
  ): Promise<Awaited<ReturnType<PageTests[Name]>>>
  /** Opens the page anew at this address. */
  open(url: string): Promise<void>
  close(): Promise<void>
}
