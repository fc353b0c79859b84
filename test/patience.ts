/**
 * Milliseconds that a test waits for what must come, before it is red: long, so that a machine that has much else to do
 * makes it slow, not red, and less than a test may take, so that it says what did not come.
 */
export const PATIENCE = 200_000
