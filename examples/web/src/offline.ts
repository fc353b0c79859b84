import { element } from './element.ts'

/**
 * Keeps the page's own files for the next visit; the library keeps the model. Settles once the worker is at the page's
 * side, so that what is fetched from then on is kept too, or soon in any case.
 */
export async function keepForOffline(): Promise<void> {
  const note = element('offline')
  if (import.meta.env.DEV || !('serviceWorker' in navigator)) return
  try {
    await navigator.serviceWorker.register(new URL('service-worker.js', document.baseURI), {
      updateViaCache: 'none',
    })
    await navigator.serviceWorker.ready
    if (!navigator.serviceWorker.controller) {
      await new Promise((resolve) =>
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }),
      )
    }
    note.textContent = 'This page and a model that was loaded once work offline.'
  } catch (error) {
    note.textContent = `This page will not work offline: ${(error as Error).message}`
  }
}
