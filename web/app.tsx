import './theme/tokens.css'
import './theme/base.css'
import './app.css'
import { Facets } from './facets/facets.tsx'
import { Histogram } from './histogram/histogram.tsx'
import { Keyboard } from './keys/keyboard.tsx'
import { List } from './list/list.tsx'
import { LiveBar } from './live/bar.tsx'
import { LiveSwitch } from './live/switch.tsx'
import { QueryBar } from './query/bar.tsx'
import { RecordBeside } from './record/beside.tsx'
import { TokenPrompt } from './record/token.tsx'
import { Header } from './shell/header.tsx'
import { HelpDialog } from './shell/help.tsx'
import { JumpDialog } from './shell/jump.tsx'
import { Layout } from './shell/layout.tsx'
import { Toasts } from './shell/toasts.tsx'
import { FleetWatch } from './state/fleet.tsx'
import { useView } from './state/page.ts'
import { TimeBox } from './time/box.tsx'

/** The page: each part reads what it needs by hooks from state/, so that they stand and fail apart. */
export function App() {
  const { live } = useView()
  return (
    <>
      <FleetWatch />
      <Keyboard />
      <Layout
        header={<Header />}
        query={<QueryBar />}
        time={<TimeBox />}
        live={<LiveSwitch />}
        filters={<Facets />}
        above={live ? <LiveBar /> : <Histogram />}
        main={<List />}
        beside={<RecordBeside />}
      />
      <HelpDialog />
      <JumpDialog />
      <TokenPrompt />
      <Toasts />
    </>
  )
}
