/** Milliseconds that this process has computed: says what work costs, whatever else the machine has to do. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
