import type { ReactNode } from 'react'
import type { Deploy } from '../../server/deploys/deploy.ts'
import { durationText, momentText } from '../time/format.ts'
import { usePageZone } from '../time/page-zone.ts'
import { byText } from './by.ts'
import { CopyButton } from './copy-button.tsx'
import { digestText } from './image.ts'
import { DeployLink } from './link.tsx'
import { useSay } from './words.ts'

/** Who, when, why, and which image. */
export function Facts({ deploy }: { deploy: Deploy }) {
  const { say, locale } = useSay()
  const zone = usePageZone()
  const { app, version, before, image, startedMs, endedMs } = deploy
  const time = (ms: number) => momentText(ms, zone, Date.now())
  const digest = image && (image.digest ?? image.imageId)
  const toDeploy = (id: string) => <DeployLink change={{ page: 'deploys', deploy: id }}>{id}</DeployLink>
  const definition = { page: 'definition', app, deploy: '', version } as const
  return (
    <dl className="facts">
      <Fact name={say('fact.by')}>
        {say('list.by', { by: byText(deploy.by, say), time: time(deploy.createdMs) })}
      </Fact>
      {deploy.reason !== undefined && <Fact name={say('fact.reason')}>{deploy.reason}</Fact>}
      {deploy.approvedBy && <Fact name={say('fact.approved')}>{byText(deploy.approvedBy, say)}</Fact>}
      <Fact name={say('fact.image')}>
        <code>{deploy.reference}</code>
      </Fact>
      {digest !== undefined && (
        <Fact name={say('fact.digest')}>
          <code title={digest}>{digestText(digest)}</code>
          <CopyButton text={digest} label={say('copyDigest')} />
        </Fact>
      )}
      <Fact name={say('fact.version')}>
        <DeployLink change={definition}>{say('version', { version })}</DeployLink>
        {before && before.version !== version && (
          <>
            {' '}
            <DeployLink change={{ ...definition, against: before.version }}>
              {say('changedSince', { version: before.version })}
            </DeployLink>
          </>
        )}
      </Fact>
      <Fact name={say('fact.before')}>{before ? toDeploy(before.deploy) : say('beforeNothing')}</Fact>
      {deploy.promotedFrom !== undefined && (
        <Fact name={say('fact.promotedFrom')}>{toDeploy(deploy.promotedFrom)}</Fact>
      )}
      {deploy.takesBack !== undefined && (
        <Fact name={say('fact.takesBack')}>{toDeploy(deploy.takesBack)}</Fact>
      )}
      {startedMs !== undefined && (
        <Fact name={say('fact.started')}>
          {endedMs === undefined
            ? time(startedMs)
            : say('took', { time: time(startedMs), span: durationText(endedMs - startedMs, locale) })}
        </Fact>
      )}
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
