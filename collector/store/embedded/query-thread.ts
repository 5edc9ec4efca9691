/** A query thread: answers questions, several at a time in slices, so that a long scan does not delay a short one. */
import { parentPort, workerData } from 'node:worker_threads'
import { arrivals } from './arrivals.ts'
import { openCodec } from './codec.ts'
import { facets, histogram } from './count.ts'
import { messageOf, systemCode } from './fault.ts'
import { Library } from './library.ts'
import { goBehind } from './priority.ts'
import type { FromQueryThread, QueryThreadData, Question, ToQueryThread } from './query-protocol.ts'
import { Cancelled, Scan, Turn } from './scan.ts'
import { context, find, search } from './search.ts'
import { Shelf } from './shelf.ts'
import { Snapshot } from './snapshot.ts'
import { RankedOrigins } from './sort.ts'

const port = parentPort
if (!port) throw new Error('query-thread.ts runs as a worker thread')
goBehind()
const { running: shared, shelfBytes } = workerData as QueryThreadData
const running = new Int32Array(shared)
const library = new Library(openCodec(), new Shelf(shelfBytes))
const origins = new RankedOrigins()
const turns = new Map<number, Turn>()

port.on('message', (message: ToQueryThread) => {
  switch (message.kind) {
    case 'ask':
      void answer(message)
      return
    case 'cancel': {
      const turn = turns.get(message.id)
      if (turn) turn.cancelled = true
      return
    }
    case 'origins':
      for (const [index, row] of message.rows.entries()) origins.set(message.from + index, row)
      return
    case 'forget':
      library.forget(message.paths)
      return
    default:
      message satisfies never
  }
})

async function answer({
  id,
  question,
  snapshot,
  deadline
}: Extract<ToQueryThread, { kind: 'ask' }>): Promise<void> {
  const turn = new Turn(deadline, () => Atomics.store(running, 0, id))
  turns.set(id, turn)
  try {
    reply({ id, answer: await answerOf(question, new Scan(library, new Snapshot(snapshot), turn)) })
  } catch (error) {
    if (!(error instanceof Cancelled))
      reply({ id, error: { code: systemCode(error), message: messageOf(error) } })
  } finally {
    turns.delete(id)
    Atomics.store(running, 0, 0)
    if (turns.size === 0) {
      const inUse = new Set(snapshot.journals.map((journal) => journal.number))
      if (question.kind === 'arrivals') inUse.add(question.asked.from.journal)
      library.tidy(inUse)
    }
  }
}

function answerOf(question: Question, scan: Scan): unknown {
  switch (question.kind) {
    case 'search':
      return search(scan, origins, question.query, question.page)
    case 'histogram':
      return histogram(scan, origins.rows, question.query, question.step)
    case 'facets':
      return facets(scan, origins.rows, question.query, question.asked, question.sampleLimit)
    case 'find':
      return find(scan, origins, question.id)
    case 'context':
      return context(scan, origins, question.id, question.asked)
    case 'arrivals': {
      const { from, path, bytes } = question.asked
      return arrivals(library.journal({ number: from.journal, path, bytes }), origins.rows, question.asked)
    }
    default:
      return question satisfies never
  }
}

function reply(message: FromQueryThread): void {
  port?.postMessage(message)
}
