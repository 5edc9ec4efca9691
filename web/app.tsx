import './theme/tokens.css'
import './theme/base.css'
import { lazy, Suspense } from 'react'
import { Facets } from './facets/facets.tsx'
import { Histogram } from './histogram/histogram.tsx'
import { Keyboard } from './keys/keyboard.tsx'
import { List } from './list/list.tsx'
import { LiveSwitch } from './live/switch.tsx'
import { QueryBar } from './query/bar.tsx'
import { DemoMark, Header } from './shell/header.tsx'
import { Layout } from './shell/layout.tsx'
import { Toasts } from './shell/toasts.tsx'
import { FleetWatch } from './state/fleet.tsx'
import { useCommand, usePage, useSetView, useView } from './state/page.ts'
import { useStore } from './state/store.ts'
import { NO_DEPLOY } from './state/view.ts'
import { TimeBox } from './time/box.tsx'

// What the first look does not need comes when it is asked for.
const HelpDialog = lazy(async () => ({ default: (await import('./later.ts')).HelpDialog }))
const JumpDialog = lazy(async () => ({ default: (await import('./later.ts')).JumpDialog }))
const LiveBar = lazy(async () => ({ default: (await import('./later.ts')).LiveBar }))
const RecordBeside = lazy(async () => ({ default: (await import('./later.ts')).RecordBeside }))
const Deploys = lazy(async () => ({ default: (await import('./deploys/deploys.tsx')).Deploys }))
const LoginPrompt = lazy(async () => ({ default: (await import('./later.ts')).LoginPrompt }))

/** The page: each part reads what it needs by hooks from state/, so that they stand and fail apart. */
export function App() {
  const { live, page: pageName } = useView()
  const setView = useSetView()
  const { dialog, login, history, settings } = usePage()
  const shown = useStore(dialog)
  useCommand('go-logs', () => setView({ page: 'logs', ...NO_DEPLOY }))
  useCommand('go-deploys', () => setView({ page: 'deploys', ...NO_DEPLOY }))
  useCommand('help', () => dialog.set('help'))
  useCommand('jump', () => dialog.set('jump'))
  const isLoginDemanded = useStore(login.demanded) !== ''
  const isOpen = useStore(history.entry, (entry) => entry.open === true)
  const opensBeside = useStore(settings, ({ record }) => record === 'beside')
  return (
    <>
      <FleetWatch />
      <Keyboard />
      <Layout
        header={<Header />}
        narrowHeader={<DemoMark />}
        query={<QueryBar />}
        time={<TimeBox />}
        live={<LiveSwitch />}
        filters={<Facets />}
        above={
          <>
            {live && (
              <Suspense>
                <LiveBar />
              </Suspense>
            )}
            <Histogram />
          </>
        }
        main={<List />}
        beside={
          isOpen && opensBeside ? (
            <Suspense>
              <RecordBeside />
            </Suspense>
          ) : null
        }
        instead={
          pageName === 'logs' ? undefined : (
            <Suspense fallback={<main className="main" />}>
              <Deploys />
            </Suspense>
          )
        }
      />
      <Suspense>
        {shown === 'help' && <HelpDialog />}
        {shown === 'jump' && <JumpDialog />}
        {isLoginDemanded && <LoginPrompt />}
      </Suspense>
      <Toasts />
    </>
  )
}
