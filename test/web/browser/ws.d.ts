// The package brings no types; this is what is used of it.
declare module 'ws' {
  export class WebSocket {
    constructor(address: string)
    on(event: 'open' | 'close', listener: () => void): void
    on(event: 'message' | 'error', listener: (data: unknown) => void): void
    send(text: string): void
  }
}
