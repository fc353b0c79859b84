import { Hono } from 'hono'
import type { ServerMetrics } from '../server-metrics.ts'
import { embeddingsRoute } from './embeddings-route.ts'
import { modelsRoute } from './models-route.ts'
import type { NativeOptions } from './native-context.ts'
import { openApi } from './open-api.ts'
import { PAGE, pageHeaders } from './page.ts'
import { rankRoute } from './rank-route.ts'
import { rerankRoute } from './rerank-route.ts'
import { scoreRoute } from './score-route.ts'

export interface NativeRoutesOptions extends NativeOptions {
  readonly metrics: ServerMetrics | undefined
  readonly basePath?: string | undefined
}

/** icthp's own routes. */
export function nativeRoutes(options: NativeRoutesOptions): Hono {
  const { desk, metrics, basePath } = options
  const app = new Hono()
  app.post('/v1/score', scoreRoute(options))
  app.post('/v1/rank', rankRoute(options))
  app.post('/v1/embeddings', embeddingsRoute(options))
  app.post('/v1/rerank', rerankRoute(options))
  app.get('/v1/models', modelsRoute(desk))
  app.get('/openapi.json', (c) => c.json(openApi(desk, basePath)))
  app.get('/', (c) => c.html(PAGE, 200, pageHeaders))
  if (metrics) {
    app.get('/metrics', async (c) => {
      const { type, text } = await metrics.render()
      return c.body(text, 200, { 'Content-Type': type })
    })
  }
  return app
}
