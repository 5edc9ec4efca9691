/**
 * Where logs come from beside the file that the engine itself keeps of a container. A source finds files and says
 * which are to be followed; reading, sending and what is committed are the same for all of them.
 */
import type { Instance } from '../facts.ts'
import type { Log, Pool } from '../files/log.ts'
import type { LogStream, LogStreamOptions } from '../files/log-stream.ts'
import type { Loss } from '../protocol.ts'

/** One source of one instance. Made when the instance is first told, closed when nothing is left of it. */
export interface Source {
  /** The engine has told something of the instance (again). */
  update(instance: Instance): void
  /** The container was told to end, or has ended (`endedMs`): its files may not lie there for long. */
  ending?(endedMs: number | undefined): void
  /** The container is gone: what is held is read to its end, nothing new is looked for. */
  remove(): void
  /** What a container that has ended wrote was not all read yet. */
  readonly behind?: boolean
  /** True once the container is gone and the source will not follow another stream. */
  readonly done: boolean
  /** Where only the hub's word on all logs of the container shows which file is which. */
  readonly pool?: Pool
  close(): void
}

/** What a source may ask of the agent. */
export interface Desk {
  /** Reads a log from now on; the hub is asked where to go on. */
  follow(options: Omit<LogStreamOptions, 'container' | 'sinceMs' | 'lost'>): LogStream
  /** Reads a log that the source has made. */
  add(log: Log): void
  /** Gives a stream up without a word: it is not to be read. */
  drop(stream: Log): void
  /** Looks at a stream now: it was written to, or its end has come. */
  wake(stream: Log): void
  /** There is something to ask the hub for. */
  grew(): void
  /** Tells what of a log can't be read any more. */
  lost(loss: Loss): void
  /** Why some of this source's logs cannot be read just now; undefined where they can (again). */
  trouble(text: string | undefined): void
}

/** Undefined where this kind of source has nothing to do with the instance. */
export type SourceKind = (instance: Instance, desk: Desk) => Source | undefined
