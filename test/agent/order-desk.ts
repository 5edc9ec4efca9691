/** The small hub's side of orders: what agents are asked to do, and what they told, each report once and in its order. */
import type { Order, OrderEnd, OrdersAsked, OrdersGiven, Report } from '../../agent/protocol-orders.ts'

interface Kept {
  order: Order
  reports: Report[]
  withdrawn: boolean
}

export class OrderDesk {
  readonly #kept = new Map<string, Kept>()
  /** Problems that a real hub would not forgive. */
  readonly complaints: string[] = []
  asked: OrdersAsked[] = []
  readonly #waiting = new Set<() => void>()

  give(order: Order): void {
    this.#kept.set(order.id, { order, reports: [], withdrawn: false })
    this.#wake()
  }

  withdraw(id: string): void {
    const kept = this.#kept.get(id)
    if (kept) kept.withdrawn = true
    this.#wake()
  }

  reports(id: string): readonly Report[] {
    return this.#kept.get(id)?.reports ?? []
  }

  end(id: string): OrderEnd | undefined {
    return this.reports(id).find(({ state }) => state === 'ended')?.end
  }

  /** `pull begun`, `pull done` … , without what goes on within a step. */
  steps(id: string): string[] {
    const told = this.reports(id).filter(({ state }) => state !== 'going')
    return told.map(({ step, state }) => (step ? `${step} ${state}` : state))
  }

  /** What is wrong, for people who read a failed test. */
  text(id: string): string {
    return this.reports(id)
      .map(({ step = '', state, text = '' }) => `${step} ${state} ${text}`)
      .join('\n')
  }

  async answer(asked: OrdersAsked): Promise<OrdersGiven> {
    this.asked.push(asked)
    for (const report of asked.reports) this.#take(report)
    let given = this.#given(asked)
    if (!isEmpty(given) || asked.waitMs === 0) return given
    await this.#news(asked.waitMs)
    given = this.#given(asked)
    return given
  }

  /** Whoever waits is answered: the hub ends. */
  close(): void {
    this.#wake()
  }

  #take(report: Report): void {
    const kept = this.#kept.get(report.order)
    if (!kept) return
    const { reports } = kept
    const next = (reports.at(-1)?.seq ?? 0) + 1
    if (report.seq > next)
      this.complaints.push(`report ${report.seq} of ${report.order} comes before ${next}`)
    const known = reports.find(({ seq }) => seq === report.seq)
    if (known && JSON.stringify(known) !== JSON.stringify(report))
      this.complaints.push(`report ${report.seq} of ${report.order} was another one before`)
    if (report.seq === next) {
      if (reports.at(-1)?.state === 'ended') this.complaints.push(`a report after the end of ${report.order}`)
      reports.push(report)
    }
  }

  #given({ held, reports }: OrdersAsked): OrdersGiven {
    const all = [...this.#kept.values()]
    const isHeld = ({ order }: Kept) => held.includes(order.id)
    const hasEnded = ({ order }: Kept) => this.end(order.id) !== undefined
    const told = all.filter((one) => reports.some(({ order }) => order === one.order.id))
    return {
      orders: all.filter((one) => !isHeld(one) && !hasEnded(one)).map(({ order }) => order),
      withdrawn: all
        .filter((one) => one.withdrawn && isHeld(one) && !hasEnded(one))
        .map(({ order }) => order.id),
      ended: held.filter((id) => this.end(id) !== undefined || !this.#kept.has(id)),
      reported: Object.fromEntries(told.map(({ order, reports }) => [order.id, reports.at(-1)?.seq ?? 0]))
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  #news(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(end)
        resolve()
      }
      const timer = setTimeout(end, waitMs)
      this.#waiting.add(end)
    })
  }
}

function isEmpty({ orders, withdrawn, ended }: OrdersGiven): boolean {
  return orders.length + withdrawn.length + ended.length === 0
}
