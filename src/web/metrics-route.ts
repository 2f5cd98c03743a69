/** `/metrics`: OpenMetrics, or the older text of Prometheus where that is asked for. */
import type { MetricsLook } from '../exposition/metrics-look.ts';
import { CONTENT_TYPES, formatFor } from '../exposition/metrics-text.ts';
import type { Route } from './route.ts';

export function metricsRoute(look: MetricsLook): Route {
  return {
    ...{ method: 'GET', path: '/metrics', needs: 'observe' },
    handle: async ({ raw }) => {
      const format = formatFor(raw.headers.accept);
      const text = await look.text();
      return { type: CONTENT_TYPES[format], body: text.text(format), headers: { vary: 'accept' } };
    },
  };
}
