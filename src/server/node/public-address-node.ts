import { BlockList, isIP } from 'node:net'

/** What is not the public network, by IANA's registries of special-purpose addresses (RFC 6890 and its followers). */
const SPECIAL_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const
/** Within 2000::/3; what lies outside it is not public as a whole. */
const SPECIAL_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 and documentation: the first leads to any IPv4 address.
  ['2002::', 16],
  ['3fff::', 20],
] as const

const special = new BlockList()
for (const [net, prefix] of SPECIAL_V4) special.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of SPECIAL_V6) special.addSubnet(net, prefix, 'ipv6')
const unicast = new BlockList()
unicast.addSubnet('2000::', 3, 'ipv6')

/** Whether an IP address is one of the public network: not private, loopback, link-local, shared, multicast or reserved. */
export function isPublicAddress(address: string): boolean {
  // A zone (`fe80::1%eth0`) is there for link-local addresses alone.
  if (address.includes('%')) return false
  const family = isIP(address)
  if (family === 4) return !special.check(address, 'ipv4')
  // IPv4 in IPv6 (::ffff:127.0.0.1, 64:ff9b::7f00:1) lies outside 2000::/3.
  return family === 6 && unicast.check(address, 'ipv6') && !special.check(address, 'ipv6')
}
