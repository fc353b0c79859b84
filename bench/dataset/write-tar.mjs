import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

/** A header of ustar, for tars that are too large to be made in memory. */
function tarHeader(name, size) {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\0' + '00', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** A tar of `count` files from `body(i)`, written as it is made. */
export async function writeTar(path, count, body) {
  const file = createWriteStream(path)
  const put = async (bytes) => file.write(bytes) || (await once(file, 'drain'))
  for (let i = 0; i < count; i++) {
    const bytes = body(i)
    await put(tarHeader(`${String(i).padStart(6, '0')}.jpg`, bytes.length))
    await put(bytes)
    if (bytes.length % 512) await put(Buffer.alloc(512 - (bytes.length % 512)))
  }
  file.end(Buffer.alloc(1024))
  await once(file, 'finish')
}
