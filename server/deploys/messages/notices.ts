/** The notices that there are, as the state keeps them. Their addresses and secrets leave it to be used, and never to be shown. */
import type { StateStore } from '../../../collector/store/state.ts'
import type { By, Deploy } from '../deploy.ts'
import { NoticeError, NoticeLimitError, NoticeNotFoundError } from '../errors.ts'
import { placeProblem } from '../fill.ts'
import { fits } from '../triggers/pattern.ts'
import { checkAddress } from './address.ts'
import { type NoticeBody, USUAL_STATES } from './notice.ts'
import { DEPLOY_PLACES } from './text.ts'

export interface KeptNotice extends Omit<NoticeBody, 'url'> {
  url: string
  /** What had happened before is not told. */
  createdMs: number
  changedMs: number
  by: By
}

export interface NoticesOptions {
  state: StateStore
  nowMs: () => number
  /** Those that messages may go to, where there is a list. */
  hosts?: readonly string[]
}

const PREFIX = 'notice/'
const MESSAGES = 'message/'
const MOST = 100

export class Notices {
  readonly #options: NoticesOptions

  constructor(options: NoticesOptions) {
    this.#options = options
  }

  async list(): Promise<KeptNotice[]> {
    return (await this.#options.state.list<KeptNotice>(PREFIX)).map(({ value }) => value)
  }

  async get(name: string): Promise<KeptNotice | undefined> {
    return await this.#options.state.get<KeptNotice>(PREFIX + name)
  }

  /** Throws DRIFTLOG_NOTICE with what is wrong. */
  async put(asked: NoticeBody, by: By): Promise<KeptNotice> {
    const { state, nowMs } = this.#options
    const before = await this.get(asked.name)
    this.#check(asked, before)
    if (!before && (await this.list()).length >= MOST) throw new NoticeLimitError(MOST)
    const url = asked.url ?? before?.url ?? ''
    // Another address may be somebody else's, who has no business with the secret of the old one.
    const secret = asked.secret ?? (asked.url === undefined ? before?.secret : undefined)
    const createdMs = before?.createdMs ?? nowMs()
    const notice: KeptNotice = {
      ...{ ...asked, url, createdMs, changedMs: nowMs(), by },
      ...(secret === undefined ? {} : { secret })
    }
    await state.put(PREFIX + asked.name, notice)
    return notice
  }

  /** With the messages that are under way. */
  async delete(name: string): Promise<void> {
    const { state } = this.#options
    if (!(await this.get(name))) throw new NoticeNotFoundError(name)
    await state.delete(PREFIX + name)
    for (const { key } of await state.list(`${MESSAGES}${name}/`)) await state.delete(key)
  }

  #check({ kind, url, secret, text }: NoticeBody, before: KeptNotice | undefined): void {
    if (url !== undefined) checkAddress(url, this.#options.hosts)
    else if (!before)
      throw new NoticeError('url is missing: the address that the product shows for its webhook.')
    else if (before.kind !== kind)
      throw new NoticeError(`url is missing: the one that is kept is of ${before.kind}, not of ${kind}.`)
    if (secret !== undefined && kind !== 'dingtalk' && kind !== 'generic')
      throw new NoticeError(`secret has no meaning for ${kind}, whose address is the secret. Leave it away.`)
    const problem = text === undefined ? undefined : placeProblem(text, DEPLOY_PLACES)
    if (problem !== undefined) throw new NoticeError(`text ${problem}.`)
  }
}

export function isFor({ apps, environments, on }: KeptNotice, deploy: Deploy): boolean {
  const { app, environment, state } = deploy
  const states: readonly string[] = on ?? USUAL_STATES
  return (
    states.includes(state) &&
    (apps === undefined || apps.some((pattern) => fits(pattern, app))) &&
    (environments === undefined || environments.some((pattern) => fits(pattern, environment)))
  )
}
