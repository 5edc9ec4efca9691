import { once } from 'node:events'
import { expect, test } from 'vitest'
import { listeners, whyTaken } from '../../../agent/orders/ports.ts'
import { freePort, listening } from '../../ports.ts'

test.each(['127.0.0.1', '0.0.0.0', '::1', '::'])('a port that somebody has at %s is taken', async (host) => {
  const { server, port } = await listening(host)
  expect(await whyTaken(port)).toContain(String(port))
  // Also where the kernel's list is that of another network.
  if (host !== '::1') expect(await whyTaken(port, () => '')).toContain(String(port))
  server.close()
  await once(server, 'close')
  // Another test's child has it, too, between its fork and its exec.
  await expect.poll(() => whyTaken(port)).toBeUndefined()
})

test('a free port is free, and stays so', async () => {
  const port = await freePort()
  await expect.poll(() => whyTaken(port)).toBeUndefined()
  expect(await whyTaken(port)).toBeUndefined()
})

test('listeners are read from the kernel’s list, connections are none', () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1
   2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000`
  expect(listeners(text)).toEqual([8080, 22])
})
