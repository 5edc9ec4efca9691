import { wasAborted } from '../api/client.ts'
import { type SayMark, useSayMark } from '../deploys/mark-words.ts'
import { deployName } from '../deploys/name.ts'
import { Popup } from '../shell/popup.tsx'
import { usePage, useSetView } from '../state/page.ts'
import { momentText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { type Translate, useLanguage } from '../words/index.ts'
import { groupsOf, type Mark } from './marks.ts'

const SIGN = { move: '⇄', end: '☠', deploy: '⚑' } as const

interface StripProps {
  marks: Mark[]
  fromMs: number
  toMs: number
  zone: string
  /** Width of the plot in px, and where it begins. */
  width: number
  left: number
}

/** Deploys, moves and hard ends above the bars: a deploy opens by itself, the others the log at their place. */
export function MarkStrip({ marks, fromMs, toMs, zone, width, left }: StripProps) {
  const { t } = useLanguage()
  const { say } = useSayMark()
  const show = useShowMark()
  const nowMs = Date.now()
  return (
    <ul className="marks" aria-label={t('histogram.marks')}>
      {groupsOf(marks, fromMs, toMs, 26 / Math.max(1, width)).map((group) => {
        const [first] = group.marks
        if (!first) return null
        return (
          <li
            key={keyOf(first)}
            className={group.marks.some(({ kind }) => kind === 'deploy') ? 'with-deploy' : undefined}
            style={{ left: left + group.at * width }}
          >
            {group.marks.length === 1 ? (
              <button
                type="button"
                className={`mark ${first.kind}`}
                aria-label={sentence(first, zone, nowMs, t, say)}
                title={sentence(first, zone, nowMs, t, say)}
                onClick={() => show(first)}
              >
                {SIGN[first.kind]}
              </button>
            ) : (
              <Popup
                kind="menu"
                className={`mark ${group.marks.some((mark) => mark.kind === 'end') ? 'end' : 'move'}`}
                label={t('histogram.markCount', { count: group.marks.length })}
                face={
                  <>
                    {group.marks.length}
                    {SIGN[first.kind]}
                  </>
                }
              >
                {(close) =>
                  group.marks.map((mark) => (
                    <button
                      key={keyOf(mark)}
                      type="button"
                      role="menuitem"
                      tabIndex={-1}
                      onClick={() => {
                        close()
                        show(mark)
                      }}
                    >
                      <span aria-hidden="true">{SIGN[mark.kind]}</span> {sentence(mark, zone, nowMs, t, say)}
                    </button>
                  ))
                }
              </Popup>
            )}
          </li>
        )
      })}
    </ul>
  )
}

function keyOf(mark: Mark): string {
  return `${mark.kind} ${mark.ms} ${mark.kind === 'deploy' ? mark.deploy.id : mark.instance}`
}

function sentence(mark: Mark, zone: string, nowMs: number, t: Translate, say: SayMark): string {
  const time = momentText(mark.ms, zone, nowMs)
  if (mark.kind === 'deploy') {
    const { state } = mark.deploy
    return say('mark', { name: deployName(mark.deploy, say), time, state: say(state) })
  }
  if (mark.kind === 'end') {
    const { app, replica, hostName, exitCode, oomKilled } = mark.ended
    const told = { instance: replica ? `${app} #${replica}` : app, host: hostName, time }
    return oomKilled
      ? t('histogram.oom', told)
      : t('histogram.exit', { ...told, code: String(exitCode ?? '') })
  }
  const { fromHostName, toHostName, exitCode, oomKilled } = mark.move
  const told = { from: fromHostName, to: toHostName, time }
  if (oomKilled) return t('histogram.moveOom', told)
  return exitCode ? t('histogram.moveExit', { ...told, code: String(exitCode) }) : t('histogram.move', told)
}

/** Opens a deploy, or the lines around a mark: the first of the new instance, the last of the one that ended. */
function useShowMark(): (mark: Mark) => void {
  const page = usePage()
  const setView = useSetView()
  const { t } = useLanguage()
  const zone = usePageZone()
  return (mark) => {
    if (mark.kind === 'deploy') return setView({ page: 'deploys', deploy: mark.deploy.id })
    const asked =
      mark.kind === 'move'
        ? { from: new Date(mark.ms - 60_000).toISOString(), to: 'now', direction: 'newer' as const }
        : { from: '0000000000', to: new Date(mark.ms + 60_000).toISOString(), direction: 'older' as const }
    let id: string | undefined
    page.client
      .search({ ...asked, q: `instance:${mark.instance}`, limit: 1 }, (records) => {
        id ??= records[0]?.id
      })
      .then(
        () => {
          if (id !== undefined) setView({ at: id, ctx: 'app', live: false })
          else page.toast(t('histogram.noLines', { time: momentText(mark.ms, zone, Date.now()) }), 'failed')
        },
        (error: unknown) => {
          if (!wasAborted(error)) page.toast(error instanceof Error ? error.message : String(error), 'failed')
        }
      )
  }
}
