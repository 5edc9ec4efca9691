/**
 * The longest files begin first, so that none of them runs on alone at the end. Vitest does that from the second run
 * on; in a fresh checkout it takes the size of a file for its duration, and some of the longest are short.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const LONGEST = [
  'agent/sources/engine-log',
  'agent/newest-first',
  'collector/stats/shelf',
  'agent/faults',
  'agent/files-rotation',
  'agent/orders/orders',
  'collector/store/embedded',
  'server/zabbix/standing'
].map((path) => `/test/${path}.test.ts`)

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const [long, others] = [[], []] as [TestSpecification[], TestSpecification[]]
    for (const file of await super.sort(files)) (isLong(file) ? long : others).push(file)
    return [...long, ...others]
  }
}

function isLong({ moduleId }: TestSpecification): boolean {
  return LONGEST.some((path) => moduleId.endsWith(path))
}
