/**
 * What every LogStore must do. Call logStoreContract() with a way to open an empty store; engines that
 * survive a restart hand in `reopen` too, and `settle` where records move to another form later.
 */
import { describe } from 'vitest'
import { agesContract } from './contract-ages.ts'
import { askingContract } from './contract-asking.ts'
import { followingContract } from './contract-following.ts'
import { keepingContract } from './contract-keeping.ts'
import type { Holding, StoreUnderTest } from './contract-scene.ts'

export { allPages, type StoreUnderTest, textsOf } from './contract-scene.ts'

type Opened = () => Promise<StoreUnderTest>

export function logStoreContract(name: string, open: Opened): void {
  describe(name, () => {
    for (const form of ['fresh', 'settled', 'reopened', 'settled and reopened'] as const) {
      describe(form, () => {
        const holding = holdingIn(open, form)
        for (const part of [keepingContract, askingContract, followingContract, agesContract]) part(holding)
      })
    }
  })
}

function holdingIn(open: Opened, form: string): Holding {
  return {
    form,
    async holding(...appends) {
      const under = await open()
      if ((form.includes('settled') && !under.settle) || (form.includes('reopened') && !under.reopen)) {
        await under[Symbol.asyncDispose]()
        return undefined
      }
      for (const batches of appends) await under.store.append(batches)
      if (form.includes('settled')) await under.settle?.()
      if (form.includes('reopened')) await under.reopen?.()
      return under
    }
  }
}
