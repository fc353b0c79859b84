import { create, element, input } from './element.ts'

const SAMPLES = Object.entries(
  import.meta.glob('../../images/*.jpg', { eager: true, import: 'default', query: '?url' }) as Record<
    string,
    string
  >,
).map(([path, url]) => ({ name: path.split('/').pop()!, url }))

/** Every way in for pictures: the picker, dropping anywhere, pasting, the samples. */
export function takeImages(
  onImages: (files: readonly File[]) => void,
  onProblem: (error: unknown) => void,
): void {
  const picker = input('files')
  picker.addEventListener('change', () => {
    onImages([...(picker.files ?? [])])
    picker.value = '' // so that the same file can be chosen again
  })
  element('samples').addEventListener('click', () => {
    void samples().then(onImages, onProblem)
  })
  document.addEventListener('paste', ({ clipboardData }) => {
    const files = [...(clipboardData?.files ?? [])]
    if (files.length > 0) onImages(files)
  })
  takeDrops(onImages)
  element('preview').append(...SAMPLES.slice(0, 6).map(({ url }) => create('img', { src: url, alt: '' })))
}

async function samples(): Promise<File[]> {
  return Promise.all(
    SAMPLES.map(async ({ name, url }) => {
      const response = await fetch(url)
      if (!response.ok)
        throw new Error(`The sample ${name} could not be fetched: HTTP ${response.status}. Reload the page.`)
      return new File([await response.blob()], name)
    }),
  )
}

function takeDrops(onImages: (files: readonly File[]) => void): void {
  const veil = element('drop-veil')
  const holdsFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false
  document.addEventListener('dragover', (event) => {
    if (!holdsFiles(event)) return
    event.preventDefault()
    veil.hidden = false
  })
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) veil.hidden = true
  })
  document.addEventListener('drop', (event) => {
    if (!holdsFiles(event)) return
    event.preventDefault()
    veil.hidden = true
    onImages([...(event.dataTransfer?.files ?? [])])
  })
}
