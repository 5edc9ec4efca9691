/** Notices: to whom what becomes of deploys is told. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { ErrorJson } from '../api/error.ts'
import { byOf } from '../by.ts'
import { NoticeNotFoundError } from '../deploys/errors.ts'
import { NoticeBody, NoticeJson, NoticeName, NoticesAnswer } from '../deploys/messages/notice.ts'
import type { Notices } from '../deploys/messages/notices.ts'
import type { MessageOutbox } from '../deploys/messages/outbox.ts'
import { noticeJson } from '../deploys/messages/standing.ts'

interface NoticesOptions {
  notices: Notices
  outbox: Pick<MessageOutbox, 'list'>
}

const Named = Type.Object({ name: NoticeName })
const tags = ['deploys']

const routes: FastifyPluginAsyncTypebox<NoticesOptions> = async (app, { notices, outbox }) => {
  app.get(
    '/notices',
    {
      config: { demand: 'read' },
      schema: {
        ...{ summary: 'Every notice and how its messages fare, without address and secret', tags },
        querystring: Type.Object({}),
        response: { 200: NoticesAnswer, '4xx': ErrorJson }
      }
    },
    async () => {
      const messages = await outbox.list()
      const all = (await notices.list()).map((kept) =>
        noticeJson(
          kept,
          messages.filter(({ notice }) => notice === kept.name)
        )
      )
      return { notices: all }
    }
  )

  app.get(
    '/notices/:name',
    {
      config: { demand: 'read' },
      schema: {
        ...{ summary: 'One notice and how its messages fare, without address and secret', tags },
        params: Named,
        response: { 200: NoticeJson, '4xx': ErrorJson }
      }
    },
    async ({ params }) => {
      const notice = await notices.get(params.name)
      if (!notice) throw new NoticeNotFoundError(params.name)
      return noticeJson(notice, await outbox.list(params.name))
    }
  )

  app.post(
    '/notices',
    {
      config: { demand: 'deploy' },
      schema: {
        ...{ summary: 'Makes or changes a notice', tags },
        body: NoticeBody,
        response: { 200: NoticeJson, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const by = byOf(request)
      const notice = await notices.put(request.body, by)
      const { name, kind } = notice
      request.log.info({ by, address: request.ip, name, kind }, 'a notice was made or changed')
      return noticeJson(notice, await outbox.list(name))
    }
  )

  app.delete(
    '/notices/:name',
    {
      config: { demand: 'deploy' },
      schema: {
        ...{ summary: 'Deletes a notice, and the messages that it has not sent', tags },
        params: Named,
        response: { 200: Type.Object({ deleted: Type.String() }), '4xx': ErrorJson }
      }
    },
    async (request) => {
      const { name } = request.params
      await notices.delete(name)
      request.log.info({ by: byOf(request), address: request.ip, name }, 'a notice was deleted')
      return { deleted: name }
    }
  )
}

export default routes
