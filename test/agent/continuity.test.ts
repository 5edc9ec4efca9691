import { expect, test } from 'vitest'
import { type Born, hasPredecessor, missedFiles } from '../../agent/files/continuity.ts'

/** Born in a rotation at this moment, for a record stamped just before. */
const born = (birthMs: number, recordMs = birthMs - 1): Born => ({ birthMs, recordMs })
const missed = (folder: Born[], packs = false, between: Born[] = []) =>
  missedFiles({ deletedMs: 1000, folder, between, packs })

test('the file born when ours was deleted follows it', () => {
  expect(missed([born(1001)])).toBe(0)
  // A busy machine: the writer was stopped between deleting and creating.
  expect(missed([born(1250, 999)])).toBe(0)
  // More names: our direct successors are older than the rotation that deleted ours.
  expect(missed([born(900), born(1001)])).toBe(0)
  expect(missed([born(800), born(900), born(1001)])).toBe(0)
})

test('files of later rotations mean that as many were deleted unseen', () => {
  expect(missed([born(1040)])).toBe(1)
  expect(missed([born(1001), born(1040), born(1080)])).toBe(2)
  expect(missed([{ birthMs: 1040, recordMs: undefined }])).toBe(1)
})

test('files that were deleted later, and are held, were not missed', () => {
  expect(missed([born(1001), born(1040)], false, [born(900)])).toBe(0)
  expect(missed([born(1040), born(1080)], false, [born(900)])).toBe(1)
})

test('what is packed is deleted before the next rotation: only the direct successor is older', () => {
  expect(missed([born(960), born(1040), born(1080)], true)).toBe(0)
  expect(missed([born(1040), born(1080), born(1120)], true)).toBe(1)
  // A packed file is younger than its contents.
  expect(missed([born(1030, 960), born(1040)], true)).toBe(0)
  expect(missed([born(1040), born(1080)], true, [born(960)])).toBe(0)
})

test('files that fill faster than they are packed: a later one is as far from ours as a file takes', () => {
  const rush = (next: Born, fillMs = 25) =>
    missedFiles({
      ...{ deletedMs: 1000, folder: [next], between: [], packs: true },
      span: { firstMs: 970 - fillMs, lastMs: 970 }
    })
  // Packed already: only its first record tells.
  expect(rush({ birthMs: 1020, recordMs: 970, packed: true })).toBe(0)
  expect(rush({ birthMs: 1020, recordMs: 995, packed: true })).toBe(1)
  // Plain: it was born before ours was packed, or after.
  expect(rush({ birthMs: 970, recordMs: 970 })).toBe(0)
  expect(rush({ birthMs: 972, recordMs: 985 })).toBe(0)
  expect(rush({ birthMs: 1000, recordMs: 994 })).toBe(1)
  // Who writes slowly can't have filled a file meanwhile.
  expect(rush({ birthMs: 1020, recordMs: 995, packed: true }, 2000)).toBe(0)
})

test('the first file is there before its container writes, any other is created for a record', () => {
  expect(hasPredecessor({ birthMs: 1000, recordMs: 1100 })).toBe(false)
  expect(hasPredecessor({ birthMs: 1000, recordMs: 999 })).toBe(true)
  // The kernel's clock is behind by a step.
  expect(hasPredecessor({ birthMs: 1000, recordMs: 1004 })).toBe(true)
  expect(hasPredecessor({ birthMs: 1000, recordMs: undefined })).toBe(false)
})
