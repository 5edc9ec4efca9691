/**
 * Greetings as agents of Zabbix send them: its action for new hosts makes the host. The first ones are answered with "not
 * found"; the server has it a moment later. https://www.zabbix.com/documentation/6.0/en/manual/appendix/protocols/zabbix_agent
 */
import { METADATA } from './bootstrap.ts'
import type { Wanted } from './registration.ts'
import { technicalName } from './registration.ts'
import { askTrapper, type TrapperSettings } from './trapper.ts'

const MOST_METADATA = 255

/** True where the server knows the host already. */
export async function greet(trapper: TrapperSettings, { id, tags }: Wanted): Promise<boolean> {
  const metadata = [METADATA, ...Object.entries(tags).map(([name, value]) => `${name}=${value}`)].join(' ')
  const answer = (await askTrapper(trapper, {
    request: 'active checks',
    host: technicalName(id),
    version: '6.0',
    host_metadata: metadata.slice(0, MOST_METADATA)
  })) as { response?: string }
  return answer.response === 'success'
}
