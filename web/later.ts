/** What the first look does not need: one file that is fetched when the page has nothing better to do. */
export { MarkedMenu } from './list/marked.tsx'
export { LiveBar } from './live/bar.tsx'
export { Pill } from './live/pill.tsx'
export { RecordBeside } from './record/beside.tsx'
export { RecordDetail } from './record/detail.tsx'
export { TokenPrompt } from './record/token.tsx'
export { HelpDialog } from './shell/help.tsx'
export { JumpDialog } from './shell/jump.tsx'
