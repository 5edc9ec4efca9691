/** The sealer thread: turns journals into parts, and small parts into larger ones. */
import { parentPort, workerData } from 'node:worker_threads'
import { openCodec } from './codec.ts'
import { messageOf } from './fault.ts'
import { folderAt } from './folder.ts'
import type { OriginRows } from './origins.ts'
import { writePositions } from './positions.ts'
import { goBehind } from './priority.ts'
import { recoverPositions } from './recover-positions.ts'
import { mergeParts, sealJournal, thinPart } from './seal.ts'
import type { FromSealThread, SealTask, ToSealThread } from './sealer.ts'

const port = parentPort
if (!port) throw new Error('seal-thread.ts runs as a worker thread')
goBehind()
const folder = folderAt((workerData as { root: string }).root)
const codec = openCodec()
const origins: OriginRows = []

port.on('message', (message: ToSealThread) => {
  for (const [index, row] of message.origins.entries()) origins[message.originsFrom + index] = row
  let answer: FromSealThread
  try {
    answer = { done: carryOut(message.task) }
  } catch (error) {
    answer = { error: messageOf(error) }
  }
  port.postMessage(answer)
})

function carryOut(task: SealTask) {
  switch (task.kind) {
    case 'seal':
      return sealJournal(folder, task.number, origins, codec)
    case 'merge':
      return mergeParts(folder, task.paths, origins, codec)
    case 'thin':
      return thinPart(folder, task.path, task.dropped, origins, codec)
    case 'forget': {
      const { positions, through } = recoverPositions(folder, origins, Number.MAX_SAFE_INTEGER)
      positions.forget(task.streams)
      writePositions(folder.positions, { positions, through })
      return undefined
    }
    default:
      return task satisfies never
  }
}
