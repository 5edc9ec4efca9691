import type { SlotState } from '../../server/deploys/deploy.ts'
import { Slots } from './slots.tsx'
import { useSay } from './words.ts'

/** What a deploy would do. */
export function Plan({ slots }: { slots: readonly SlotState[] }) {
  const { say } = useSay()
  const count = slots.filter(({ kind }) => kind !== 'same').length
  return (
    <>
      <p>{count === 0 ? say('begin.same') : say('begin.changes', { count })}</p>
      <Slots slots={slots} />
    </>
  )
}
