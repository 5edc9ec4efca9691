import './sparks.css'
import { type KeyboardEvent, type PointerEvent, useEffect, useState } from 'react'
import type { StatsAnswer } from '../../server/api/stats.ts'
import { usePage, useView } from '../state/page.ts'
import { LOCALE, useLanguage } from '../words/index.ts'
import { fill } from '../words/message.ts'
import { statsEn } from '../words/stats.en.ts'
import { statsZh } from '../words/stats.zh.ts'
import { Choices, type ChoicesProps } from './choices.tsx'

/** Values of one instance over the last half hour, oldest first. */
interface Course {
  cpu: (number | null)[]
  memory: (number | null)[]
}

const RANGE = 'now-30m'
const POINTS = 60
const EVERY_MS = 15_000
const WIDTH = 44
const HEIGHT = 16

/** Choices of instances, each with its CPU and memory where they are known. */
export function SparkChoices(props: ChoicesProps) {
  const courses = useCourses()
  return (
    <Choices
      {...props}
      beside={(instance) => {
        const course = courses.get(instance)
        return course && <Spark course={course} name={props.nameOf?.(instance) ?? instance} />
      }}
    />
  )
}

/** Asked again now and then while somebody looks; a hub without numbers, or that gives none, leaves it empty. */
function useCourses(): ReadonlyMap<string, Course> {
  const { client } = usePage()
  const { environment, app } = useView()
  const [courses, setCourses] = useState<ReadonlyMap<string, Course>>(new Map())
  useEffect(() => {
    const stop = new AbortController()
    const asked = { app, environment, by: 'instance', metrics: 'cpu,memory', from: RANGE, points: POINTS }
    const ask = async () => {
      if (document.hidden) return
      const answer = await client.send(client.address('/api/stats', asked), { signal: stop.signal })
      setCourses(coursesOf((await answer.json()) as StatsAnswer))
    }
    const again = () => void ask().catch(() => {})
    again()
    const timer = setInterval(again, EVERY_MS)
    return () => {
      clearInterval(timer)
      stop.abort()
    }
  }, [client, environment, app])
  return courses
}

function coursesOf({ series }: StatsAnswer): Map<string, Course> {
  const courses = new Map<string, Course>()
  for (const { instance = '', metric, avg } of series) {
    if (avg.every((value) => value === null)) continue
    const course = courses.get(instance) ?? { cpu: [], memory: [] }
    if (metric === 'cpu') course.cpu = avg
    else course.memory = avg
    courses.set(instance, course)
  }
  return courses
}

/** Two lines in one small picture; pointer or arrow keys say what they were at a moment. */
function Spark({ course, name }: { course: Course; name: string }) {
  const { language } = useLanguage()
  const [at, setAt] = useState<number>()
  const length = Math.max(course.cpu.length, course.memory.length)
  const newest = course.memory.findLastIndex((value) => value !== null)
  const shown = at ?? newest
  const words = language === 'zh' ? statsZh : statsEn
  const values = {
    name,
    cpu: percentText(course.cpu[shown]),
    memory: bytesText(course.memory[shown]),
    minutes: Math.round(((length - 1 - shown) / Math.max(1, length)) * 30)
  }
  const label = fill(words[at === undefined ? 'stats.now' : 'stats.then'], LOCALE[language], values)
  const move = (to: number) => setAt(Math.min(length - 1, Math.max(0, to)))
  const point = ({ clientX, currentTarget }: PointerEvent) => {
    const { left, width } = currentTarget.getBoundingClientRect()
    move(Math.floor(((clientX - left) / width) * length))
  }
  const key = (event: KeyboardEvent) => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return
    event.preventDefault()
    event.stopPropagation()
    move(shown + (event.key === 'ArrowLeft' ? -1 : 1))
  }
  return (
    <button
      type="button"
      className="spark"
      aria-label={label}
      title={label}
      onPointerMove={point}
      onPointerLeave={() => setAt(undefined)}
      onBlur={() => setAt(undefined)}
      onKeyDown={key}
    >
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} aria-hidden="true">
        <path className="spark-memory" d={pathOf(course.memory)} />
        <path className="spark-cpu" d={pathOf(course.cpu)} />
        {at !== undefined && (
          <line className="spark-at" x1={xOf(at, length)} x2={xOf(at, length)} y2={HEIGHT} />
        )}
      </svg>
    </button>
  )
}

/** From 0 to the largest value; a gap breaks the line. */
function pathOf(values: readonly (number | null)[]): string {
  const most = Math.max(1e-9, ...values.map((value) => value ?? 0))
  let path = ''
  let open = false
  for (const [i, value] of values.entries()) {
    if (value !== null) {
      const y = HEIGHT - 1 - (value / most) * (HEIGHT - 2)
      path += `${open ? 'L' : 'M'}${xOf(i, values.length).toFixed(1)} ${y.toFixed(1)}`
    }
    open = value !== null
  }
  return path
}

function xOf(i: number, length: number): number {
  return (i / Math.max(1, length - 1)) * WIDTH
}

function percentText(cores: number | null | undefined): string {
  return typeof cores === 'number' ? `${(cores * 100).toFixed(cores < 0.1 ? 1 : 0)} %` : '–'
}

function bytesText(bytes: number | null | undefined): string {
  return typeof bytes === 'number' ? `${Math.round(bytes / 1024 ** 2)} MiB` : '–'
}
