import { describe, expect, test } from 'vitest'
import { type Move, type Mover, movesOf, type Run } from '../../../collector/fleet/moves.ts'

const S = 1000
const MIN = 60 * S

function mover(instance: string, host: string, runs: Run[], more: Partial<Mover> = {}): Mover {
  return { instance, host, app: 'orders', environment: 'production', image: 'orders:1', runs, ...more }
}

function brief(moves: Move[]): string[] {
  return moves.map((move) => `${move.fromInstance}>${move.toInstance} ${move.awayMs}`)
}

describe('a move', () => {
  test('is told with what is known of the end', () => {
    const movers = [
      mover('a', 'h1', [{ fromMs: 0, toMs: 10 * S, exitCode: 137, oomKilled: true }], {
        imageId: 'sha256:1'
      }),
      mover('b', 'h2', [{ fromMs: 13 * S }], { imageId: 'sha256:1', image: 'other:tag' })
    ]
    expect(movesOf(movers)).toEqual([
      {
        app: 'orders',
        environment: 'production',
        atMs: 13 * S,
        fromHost: 'h1',
        fromInstance: 'a',
        toHost: 'h2',
        toInstance: 'b',
        exitCode: 137,
        oomKilled: true,
        sameImage: true,
        awayMs: 3 * S
      }
    ])
  })

  test('may overlap: the next one began before the old one ended', () => {
    const movers = [
      mover('a', 'h1', [{ fromMs: 0, toMs: 20 * S }]),
      mover('b', 'h2', [{ fromMs: 15 * S }], { image: 'orders:2' })
    ]
    expect(movesOf(movers)).toMatchObject([{ awayMs: -5 * S, sameImage: false }])
  })

  test('may bridge days when the app ran nowhere meanwhile', () => {
    const movers = [
      mover('a', 'h1', [{ fromMs: 0, toMs: MIN }]),
      mover('b', 'h2', [{ fromMs: 3 * 1440 * MIN }])
    ]
    expect(brief(movesOf(movers))).toEqual([`a>b ${(3 * 1440 - 1) * MIN}`])
  })

  test('of every life counts, however short the lives are and whether or not a host comes round again', () => {
    for (const hosts of [2, 3]) {
      const movers = Array.from({ length: 8 }, (_, life) =>
        mover(`i${life}`, `h${life % hosts}`, [{ fromMs: life * 2 * S, toMs: life * 2 * S + 1600 }])
      )
      expect(brief(movesOf(movers)), `${hosts} hosts`).toEqual(
        Array.from({ length: 7 }, (_, life) => `i${life}>i${life + 1} 400`)
      )
    }
  })

  test('goes back to a container that is started again', () => {
    const movers = [
      mover('a', 'h1', [{ fromMs: 0, toMs: 10 * S }, { fromMs: 40 * S }]),
      mover('b', 'h2', [{ fromMs: 12 * S, toMs: 38 * S }])
    ]
    expect(brief(movesOf(movers))).toEqual([`a>b ${2 * S}`, `b>a ${2 * S}`])
  })

  test('is seen when the host of the old instance fell silent', () => {
    const movers = [mover('a', 'h1', [{ fromMs: 0 }]), mover('b', 'h2', [{ fromMs: 30 * S }])]
    expect(movesOf(movers)).toEqual([])
    const silent = (host: string) => (host === 'h1' ? 25 * S : undefined)
    const [move] = movesOf(movers, silent)
    expect(move).toMatchObject({ fromInstance: 'a', toInstance: 'b', awayMs: 5 * S })
    expect(move).not.toHaveProperty('exitCode')
  })

  test('twenty moves in a row are twenty', () => {
    const movers = Array.from({ length: 21 }, (_, i) =>
      mover(`i${String(i).padStart(2, '0')}`, `h${i % 3}`, [
        { fromMs: i * MIN, ...(i < 20 && { toMs: (i + 1) * MIN - 2 * S }) }
      ])
    )
    const moves = movesOf(movers)
    expect(moves).toHaveLength(20)
    expect(moves.every((move) => move.awayMs === 2 * S)).toBe(true)
  })
})

describe('no move', () => {
  test('a restart in place', () => {
    const movers = [
      mover('a', 'h1', [{ fromMs: 0, toMs: 10 * S }, { fromMs: 11 * S, toMs: 12 * S }, { fromMs: 13 * S }])
    ]
    expect(movesOf(movers)).toEqual([])
  })

  test('a new container on the same host', () => {
    const movers = [mover('a', 'h1', [{ fromMs: 0, toMs: 10 * S }]), mover('b', 'h1', [{ fromMs: 11 * S }])]
    expect(movesOf(movers)).toEqual([])
  })

  test('another replica beside one that runs on', () => {
    const movers = [mover('a', 'h1', [{ fromMs: 0 }]), mover('b', 'h2', [{ fromMs: 5 * S }])]
    expect(movesOf(movers)).toEqual([])
  })

  test('a replica added shortly before another one was replaced in place', () => {
    const movers = [
      mover('a', 'h1', [{ fromMs: 0, toMs: 4 * MIN }]),
      mover('a2', 'h1', [{ fromMs: 4 * MIN + 2 * S }]),
      mover('b', 'h2', [{ fromMs: 2 * MIN }])
    ]
    expect(movesOf(movers)).toEqual([])
  })

  test('a replica with another number', () => {
    const movers = [
      mover('a', 'h1', [{ fromMs: 0, toMs: 10 * S }], { replica: '1' }),
      mover('b', 'h2', [{ fromMs: 11 * S }], { replica: '2' })
    ]
    expect(movesOf(movers)).toEqual([])
  })

  test('scaled down one day and up another, while the app ran on', () => {
    const movers = [
      mover('a', 'h1', [{ fromMs: 0 }]),
      mover('b', 'h2', [{ fromMs: 0, toMs: MIN }]),
      mover('c', 'h3', [{ fromMs: 1440 * MIN }])
    ]
    expect(movesOf(movers)).toEqual([])
  })
})

test('replicas of a drained host are paired one to one', () => {
  const movers = [
    mover('a1', 'h1', [{ fromMs: 0, toMs: 10 * S }]),
    mover('a2', 'h1', [{ fromMs: 1, toMs: 12 * S }]),
    mover('b1', 'h2', [{ fromMs: 11 * S }]),
    mover('b2', 'h3', [{ fromMs: 13 * S }])
  ]
  expect(brief(movesOf(movers))).toEqual([`a1>b1 ${S}`, `a2>b2 ${S}`])
})

test('replicas with numbers go to their own successors, however long each took', () => {
  const movers = [
    mover('a1', 'h1', [{ fromMs: 0, toMs: 10 * S }], { replica: '1' }),
    mover('a2', 'h1', [{ fromMs: 0, toMs: 10 * S }], { replica: '2' }),
    mover('b2', 'h2', [{ fromMs: 11 * S }], { replica: '2' }),
    mover('b1', 'h3', [{ fromMs: 50 * S }], { replica: '1' })
  ]
  expect(brief(movesOf(movers))).toEqual([`a2>b2 ${S}`, `a1>b1 ${40 * S}`])
})
