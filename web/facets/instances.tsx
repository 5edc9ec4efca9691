import { useEffect, useState } from 'react'
import type { InstanceJson } from '../../server/api/fleet.ts'
import { usePage, useView } from '../state/page.ts'
import { useLanguage } from '../words/index.ts'
import type { Counted } from './ask.ts'
import { Section } from './section.tsx'
import { SparkChoices } from './sparks.tsx'

/** The app's containers that wrote these lines, by name and host; an id that nobody knows stays an id. */
export function Instances({
  values,
  busy,
  error
}: {
  values: Counted[]
  busy: boolean
  error: Error | undefined
}) {
  const { t } = useLanguage()
  const { client } = usePage()
  const { environment, app } = useView()
  const [known, setKnown] = useState<ReadonlyMap<string, InstanceJson>>(new Map())
  const ids = values.map(({ value }) => value)
  const asked = ids.join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when other instances have lines
  useEffect(() => {
    const stop = new AbortController()
    client.instances({ environment, app }, stop.signal).then(
      ({ instances }) => setKnown(new Map(instances.map((one) => [one.instance, one]))),
      () => {} // names are a kindness; the ids stay
    )
    return () => stop.abort()
  }, [client, environment, app, asked])
  const nameOf = (id: string) => {
    const instance = known.get(id)
    return instance ? `${instance.containerName} · ${instance.hostName}` : id
  }
  return (
    <Section title={t('facet.instance')} busy={busy} error={error}>
      <SparkChoices field="instance" values={values} known={ids} nameOf={nameOf} />
    </Section>
  )
}
